// News from the server. One tab of this browser listens and tells the others: few connections to a host are allowed.
// Each news is a `tandem:live` on the body, ids in its detail; kind "look" means: look for yourself, some may be lost.
// While nobody can listen, that comes every 30 seconds. [data-live-state] says live or paused.
import { $, $$ } from './dom.js';

const LOOK_EVERY = 30_000; // ms
const BEGIN_AFTER = 1000; // ms; a page that is left at once needs no stream
const PATIENCE = 6000; // ms; the server ends streams now and then, and the browser is back sooner
const url = $('[data-live]')?.dataset.live;
const others = 'BroadcastChannel' in window ? new BroadcastChannel('tandem-live') : null;
let source;
let lostTimer;
let release;
let live = null; // not known yet
let missed = false;

function tell(news) {
  receive(news);
  others?.postMessage(news);
}

function receive(news) {
  if (news.kind === 'state') return show(news.live);
  if (document.hidden) missed = true;
  else document.body.dispatchEvent(new CustomEvent('tandem:live', { detail: news }));
}

function state(now) {
  clearTimeout(lostTimer);
  lostTimer = null;
  if (now !== live) tell({ kind: 'state', live: now });
  if (now || live) tell({ kind: 'look' });
  live = now;
}

function show(now) {
  live = now;
  $$('[data-live-state]').forEach((el) => {
    el.dataset.liveState = now ? 'live' : 'paused';
    const time = new Date().toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
    $('[data-words]', el).textContent = now ? 'Live' : `Not live (${time}), looking every 30 s`;
    el.hidden = false;
  });
}

function listen() {
  source?.close();
  source = new EventSource(url);
  source.onopen = () => state(true);
  source.onmessage = ({ data }) => tell(JSON.parse(data));
  source.onerror = () => { lostTimer ??= setTimeout(() => state(false), live === null ? 0 : PATIENCE); };
}

function look() {
  if (!source) return;
  if (source.readyState === EventSource.CLOSED) listen();
  if (source.readyState !== EventSource.OPEN) tell({ kind: 'look' });
}

// Of all tabs one holds the lock, and with it the stream, until it is closed.
function queueUp() {
  if (!navigator.locks) return listen();
  navigator.locks.request('tandem-live', () => new Promise((resolve) => {
    release = resolve;
    listen();
  }));
}

function stop() {
  source?.close();
  source = null;
  release?.();
}

if (url) {
  setTimeout(queueUp, BEGIN_AFTER);
  setInterval(look, LOOK_EVERY);
  others?.addEventListener('message', ({ data }) => {
    if (data.kind === 'who' && source && live !== null) others.postMessage({ kind: 'state', live });
    else if (data.kind !== 'who') receive(data);
  });
  others?.postMessage({ kind: 'who' });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', (ev) => { if (ev.persisted) { missed = true; queueUp(); catchUp(); } });
  document.addEventListener('visibilitychange', catchUp);
}

// A page that came back from history, or a part swapped in, shows the state as it is.
document.addEventListener('htmx:afterSettle', () => {
  if (live !== null && $('[data-live-state][hidden]')) show(live);
});

function catchUp() {
  if (document.hidden || !missed) return;
  missed = false;
  document.body.dispatchEvent(new CustomEvent('tandem:live', { detail: { kind: 'look' } }));
}
