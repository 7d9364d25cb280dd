/*
 * Tandem's tracker. Written to be read; `manage.py build_tracker` makes static/tandem.js of it. docs/tracker.md says
 * how to use it.
 *
 * What it promises:
 *  - Each message has an id of its own and waits in local storage until the server has answered. It may be sent
 *    twice; the server keeps it once.
 *  - Time counts only while the tab is visible and somebody has moved within the last half minute.
 *  - Nothing is stored or sent when the browser says Do Not Track or Global Privacy Control, nor before a yes when
 *    the page asks for one.
 *  - It never throws into the page, and adds one name to it: `tandem`.
 */
(function (window, document, navigator) {
  "use strict";

  const script = document.currentScript;
  const early = window.tandem; // calls made before we arrived: [["track", "Name", {}], ...]
  if (!script || (early && early.id)) return;

  const setting = function (name, otherwise) {
    return script.getAttribute("data-tandem-" + name) || otherwise;
  };
  const KEY = setting("key", "");
  const ENDPOINT = setting("host", new URL(script.src).origin).replace(/\/+$/, "") + "/v1/batch";
  const ASKS = setting("consent") === "ask";
  const DOMAIN = setting("domain");
  const IDLE = 1000 * setting("idle", 30); // milliseconds without a sign of life
  const BEAT = 5000;
  const STALE = 6 * BEAT; // a message this old belongs to a page that is gone
  const LONGEST = 30 * 60000; // of one page
  const WEEK = 7 * 86400000;
  const COOKIE = "tandem_id";
  const COOKIE_SECONDS = 400 * 86400;
  const PREFIX = "tandem:";
  const ORIGIN = "tandem_origin";
  const MOST = 20; // messages in one request
  const ROOM = 200; // messages that wait for a server that is away
  const CLICK_IDS = ["gclid", "gbraid", "wbraid", "dclid", "fbclid", "msclkid", "li_fat_id", "ttclid", "twclid"];
  const FILES = /\.(pdf|docx?|xlsx?|pptx?|csv|zip|epub|mp[34]|mov|ics|key|odt|ods|odp|dmg|exe)$/i;
  const SECRET = /passw|card|cvc|cvv|iban|account|ssn|secret|token|csrf/i;
  const CARD = /^\s*(?:\d[ -]?){13,19}\s*$/; // a telephone number with its country begins with a plus

  /* ---- what the browser keeps; every access may be forbidden ---- */

  function attempt(act, otherwise) {
    try {
      return act();
    } catch (error) {
      return otherwise;
    }
  }

  function readCookie() {
    return attempt(function () {
      return (document.cookie.match(/(?:^|; )tandem_id=([\w.-]+)/) || [])[1];
    }) || "";
  }

  function writeCookie(value, seconds) {
    attempt(function () {
      document.cookie =
        COOKIE + "=" + value + "; Path=/; SameSite=Lax; Max-Age=" + seconds +
        (DOMAIN ? "; Domain=" + DOMAIN : "") + (location.protocol === "https:" ? "; Secure" : "");
    });
  }

  function keep(message) {
    attempt(function () {
      localStorage.setItem(PREFIX + message.messageId, JSON.stringify(message));
    });
  }

  function forget(id) {
    attempt(function () {
      localStorage.removeItem(PREFIX + id);
    });
  }

  function eachKept(act) {
    attempt(function () {
      Object.keys(localStorage).forEach(function (name) {
        if (name.indexOf(PREFIX) === 0) {
          const message = attempt(function () { return JSON.parse(localStorage.getItem(name)); });
          act(name.slice(PREFIX.length), message || {});
        }
      });
    });
  }

  /* ---- may we, and who is it ---- */

  const refused =
    navigator.globalPrivacyControl === true || navigator.doNotTrack === "1" || window.doNotTrack === "1";
  let choice = ""; // yes, no, or not said
  let worked = false; // cookies do
  let waiting = []; // said before a yes; in memory only
  let visitor = "";

  function may() { // the yes is kept in the cookie that it allows, so that one tab's no is every tab's
    const kept = readCookie();
    if (kept === "no" || (ASKS && worked && !kept)) choice = "no";
    else if (/\.y$/.test(kept)) choice = "yes";
    worked = worked || Boolean(kept);
    return !refused && (choice === "yes" || (!ASKS && !choice));
  }

  function newId() {
    return attempt(function () { return window.crypto.randomUUID(); }) ||
      "xxxxxxxxxxxx4xxxyxxxxxxxxxxxxxxx".replace(/[xy]/g, function () {
        return ((Math.random() * 16) | 0).toString(16);
      });
  }

  function who() { // another tab may have given the visitor a name since
    const kept = readCookie();
    visitor = kept.split(".")[0] || visitor || newId();
    const right = visitor + (choice ? ".y" : "");
    if (kept !== right) writeCookie(right, COOKIE_SECONDS);
    return visitor;
  }

  /* ---- sending ---- */

  const outbox = new Map(); // id: message
  const flying = new Set(); // ids on their way
  let failures = 0;
  let retryAt = 0;

  function say(type, rest) {
    if (refused) return;
    const message = Object.assign({
      type: type,
      messageId: newId(),
      timestamp: new Date().toISOString(),
      context: { userAgent: navigator.userAgent, locale: navigator.language, page: page },
    }, rest);
    if (may()) post(message);
    else if (!choice && waiting.length < 50) waiting.push(message);
  }

  function post(message) {
    message.anonymousId = who();
    if (outbox.size >= ROOM) drop(outbox.keys().next().value);
    outbox.set(message.messageId, message);
    keep(message);
    Promise.resolve().then(send); // several of one moment leave together
  }

  function send(leaving) {
    const ready = Array.from(outbox.values()).filter(function (message) {
      return !flying.has(message.messageId);
    }).slice(0, MOST);
    if (!ready.length || (!leaving && Date.now() < retryAt)) return;
    const body = JSON.stringify({ writeKey: KEY, sentAt: new Date().toISOString(), batch: ready });
    ready.forEach(function (message) { flying.add(message.messageId); });
    if (!(leaving === true && beacon(body))) request(ready, body);
    send(leaving);
  }

  function beacon(body) { // nobody will hear the answer: what it carried stays in local storage, and is sent again
    return attempt(function () { return navigator.sendBeacon(ENDPOINT, body); });
  }

  function request(messages, body) {
    const options = { method: "POST", body: body, keepalive: true, credentials: "omit", mode: "cors" };
    fetch(ENDPOINT, options).then(function (answer) {
      const again = answer.status >= 500 || answer.status === 429 || answer.status === 408;
      (again ? later : done)(messages);
    }, function () { later(messages); });
  }

  function drop(id) {
    outbox.delete(id);
    flying.delete(id);
    forget(id);
  }

  function done(messages) {
    failures = retryAt = 0;
    messages.forEach(function (message) { drop(message.messageId); });
    send();
  }

  function later(messages) {
    const pause = Math.min(5000 * Math.pow(2, failures++), 300000);
    retryAt = Date.now() + pause;
    messages.forEach(function (message) { flying.delete(message.messageId); });
    setTimeout(send, pause + 50);
  }

  function adopt() { // what a page that is gone could not send
    if (!may()) return;
    eachKept(function (id, message) {
      const age = Date.now() - Date.parse(message.timestamp);
      if (!(age < WEEK)) forget(id);
      else if (age > STALE && !outbox.has(id)) outbox.set(id, message);
    });
    send();
  }

  /* ---- pages and the time spent on them ---- */

  let page = {};
  let announced = false;
  let spent = 0; // milliseconds of this page
  let told = 0; // seconds of it that left already
  let segment = newId();
  let last = 0;
  let moved = 0;
  let counting = false;

  function shown() {
    return document.visibilityState === "visible" && !document.prerendering;
  }

  function place() {
    return location.pathname + location.search;
  }

  function tidy(address) { // some sites carry names and tokens in their addresses
    return attempt(function () {
      const url = new URL(address);
      url.hash = url.username = url.password = "";
      Array.from(url.searchParams).forEach(function (pair) {
        if (SECRET.test(pair[0]) || pair[1].indexOf("@") >= 0 || CARD.test(pair[1])) url.searchParams.delete(pair[0]);
      });
      return url.href;
    }) || "";
  }

  function arrive(referrer) {
    page = {
      url: tidy(location.href), path: location.pathname, title: document.title, referrer: tidy(referrer),
    };
    announced = false;
    spent = told = 0;
    here = place();
    announce();
  }

  function announce() { // a page in a background tab has not been seen yet
    if (announced || !shown()) return;
    announced = true;
    page.title = document.title;
    last = moved = performance.now();
    counting = true;
    say("page", { properties: Object.assign({ title: page.title, referrer: page.referrer }, marks()) });
  }

  function count() {
    const now = performance.now();
    if (counting) spent = Math.min(spent + Math.max(0, Math.min(now, moved + IDLE) - last), LONGEST);
    last = now;
    counting = announced && shown();
  }

  function engaged() {
    const seconds = Math.round(spent / 1000) - told;
    return seconds < 1 ? null : {
      messageId: segment,
      event: "engaged_time",
      timestamp: new Date().toISOString(),
      properties: { seconds: seconds, title: page.title },
    };
  }

  function tellTime() {
    count();
    const message = engaged();
    if (!message) return;
    told += message.properties.seconds;
    segment = newId();
    say("track", message);
  }

  function beat() {
    if (!counting) return;
    count();
    const message = engaged();
    if (performance.now() - moved > IDLE) tellTime();
    else if (message && may()) { // a browser that is killed says no goodbye
      keep(Object.assign(message, { type: "track", anonymousId: who(), context: { page: page } }));
    }
  }

  function stir() {
    count();
    moved = performance.now();
  }

  let here = "";
  function travelled() {
    if (place() === here) return;
    const before = page.url;
    tellTime();
    arrive(before);
  }

  function follow(name) {
    const original = history[name];
    history[name] = function () {
      const result = original.apply(this, arguments);
      setTimeout(travelled, 0); // the page sets its title after this call
      return result;
    };
  }

  /* ---- where the visit came from ---- */

  function marks() {
    const found = {};
    new URLSearchParams(location.search).forEach(function (value, name) {
      if (/^utm_(source|medium|campaign|term|content)$/.test(name) || CLICK_IDS.indexOf(name) >= 0) {
        found[name] = value.slice(0, 300);
      }
    });
    if (may() && Object.keys(found).length) {
      attempt(function () { sessionStorage.setItem(ORIGIN, JSON.stringify(found)); });
    }
    return found;
  }

  function origin() { // of the visit: a form is often filled in some pages after the advertisement
    const kept = may() && attempt(function () { return JSON.parse(sessionStorage.getItem(ORIGIN)); });
    return Object.assign(kept || {}, marks());
  }

  /* ---- clicks and forms ---- */

  function attributes(element) { // data-tandem-prop-plan="pro" is the property `plan`
    const found = {};
    Array.from(element.attributes).forEach(function (one) {
      const name = one.name.split("data-tandem-prop-")[1];
      if (name) found[name.replace(/-/g, "_")] = one.value;
    });
    return found;
  }

  function clicked(event) {
    if (event.button > 1) return;
    const target = event.target.closest ? event.target : document.body;
    const marked = target.closest("[data-tandem-event]");
    if (marked) say("track", { event: marked.dataset.tandemEvent, properties: attributes(marked) });
    const link = target.closest("a[href],area[href]");
    const named = link && link.dataset.tandemAsset;
    if (!link || (!named && !link.hasAttribute("download") && !FILES.test(link.pathname || ""))) return;
    say("track", {
      event: "content_download",
      properties: Object.assign({
        asset: named || attempt(function () { return decodeURIComponent(link.pathname.split("/").pop()); }) || "",
        url: tidy(link.href),
      }, attributes(link)),
    });
  }

  function wanted(field) {
    const marked = field.hasAttribute("data-tandem-field");
    const words = [field.name, field.id, field.autocomplete].join(" ");
    if (!field.name || field.disabled || field.closest("[data-tandem-ignore]")) return false;
    if (/^(password|file|submit|button|image|reset)$/.test(field.type)) return false;
    if (field.type !== "tel" && CARD.test(field.value)) return false;
    if (/^(radio|checkbox)$/.test(field.type) && !field.checked) return false;
    return marked || (field.type !== "hidden" && !SECRET.test(words) && !/\bcc-/.test(words));
  }

  function answers(form) {
    const found = {};
    Array.from(form.elements).forEach(function (field) {
      if (!field.value || !wanted(field)) return;
      const name = field.getAttribute("data-tandem-field") || (field.type === "email" ? "email" : field.name);
      found[name] = field.value.slice(0, 500);
    });
    return found;
  }

  function submitted(event) {
    const form = event.target;
    if (!form.elements || form.closest("[data-tandem-ignore]") || setting("forms") === "off") return;
    if (form.querySelector("input[type=password]")) return; // somebody signs in or up
    const named = form.getAttribute("data-tandem-form");
    if (!named && !form.querySelector("input[type=email]")) return; // a search box is no form
    const given = answers(form);
    const name = named || form.getAttribute("name") || form.id || page.path;
    say("track", { event: "form_submit", properties: Object.assign({ form: name }, origin(), attributes(form)) });
    if (given.email) say("identify", { traits: given });
    send();
  }

  /* ---- what pages may call ---- */

  const api = {
    id: function () {
      return may() ? who() : "";
    },
    track: function (event, properties) {
      say("track", { event: String(event), properties: properties || {} });
    },
    page: function () {
      tellTime();
      arrive(page.url);
    },
    identify: function (userId, traits) {
      const known = typeof userId === "object" ? { traits: userId } : { userId: String(userId), traits: traits || {} };
      say("identify", known);
    },
    consent: function (yes) {
      const said = waiting;
      waiting = [];
      if (refused) return;
      if (yes) {
        if (readCookie() === "no") writeCookie("", 0);
        worked = false;
        choice = "yes";
        who();
        marks();
        said.forEach(post);
        adopt();
      } else {
        choice = "no";
        visitor = "";
        outbox.clear();
        eachKept(forget);
        attempt(function () { sessionStorage.removeItem(ORIGIN); });
        writeCookie(ASKS ? "" : "no", ASKS ? 0 : COOKIE_SECONDS); // who need not ask must remember a no
      }
    },
    reset: function () { // somebody else sits down at this browser
      if (!may()) return;
      visitor = newId();
      writeCookie(visitor + (choice ? ".y" : ""), COOKIE_SECONDS);
    },
    push: function (call) {
      if (api[call[0]]) api[call[0]].apply(api, call.slice(1));
    },
  };
  window.tandem = api;

  /* ---- begin ---- */

  if (refused) return;
  const on = function (target, name, act) {
    target.addEventListener(name, function (event) { attempt(function () { act(event); }); }, { capture: true, passive: true });
  };
  if (may()) writeCookie(who() + (choice ? ".y" : ""), COOKIE_SECONDS); // 400 days from today
  arrive(document.referrer);
  if (Array.isArray(early)) early.forEach(api.push);
  adopt();

  follow("pushState");
  follow("replaceState");
  on(window, "popstate", travelled);
  ["pointermove", "pointerdown", "keydown", "scroll", "touchstart", "wheel"].forEach(function (name) {
    on(document, name, stir);
  });
  on(document, "click", clicked);
  on(document, "auxclick", clicked);
  on(document, "submit", submitted);
  on(document, "visibilitychange", function () {
    if (shown()) {
      announce();
      stir();
    } else {
      tellTime();
      send(true);
    }
  });
  on(document, "prerenderingchange", announce);
  on(window, "pagehide", function () {
    tellTime();
    send(true);
  });
  on(window, "pageshow", function (event) {
    if (!event.persisted) return; // back from the cache: seen once more
    flying.clear();
    arrive(page.url);
    send();
  });
  on(window, "online", function () {
    retryAt = 0;
    send();
  });
  setInterval(function () { attempt(beat); }, BEAT);
  setInterval(adopt, 2 * STALE);
})(window, document, navigator);
