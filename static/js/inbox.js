// The inbox. On a narrow screen it shows the list or one lead; on any screen the open lead is marked in the list.
// Whatever comes next is fetched before it is asked for and shown at once; the answer of the server replaces it, and
// if the server refuses, what was there before comes back.
import { $, $$, say } from './dom.js';
import { graft } from './graft.js';

const FRESH = 60_000; // ms that a lead fetched ahead may be shown
const INVALID = 422;
const ahead = new Map(); // url -> { at, html }
const deciding = new Set(); // requests of answers under way; what they are about must stay in the page until they are there
let shown = null; // { copy, xhr }: what stands in for #lead while the server answers this request

const rows = () => $$('#triage [data-row]');
const current = () => $('#triage [aria-current=true]');

function mark(row) {
  rows().forEach((other) => other.removeAttribute('aria-current'));
  row?.setAttribute('aria-current', 'true');
}

// -- fetched ahead

async function fetchAhead(url) {
  const known = ahead.get(url);
  if (!url || (known && Date.now() - known.at < FRESH)) return;
  ahead.set(url, { at: Date.now(), html: '' });
  try {
    const answer = await fetch(url, { headers: { 'HX-Request': 'true', Purpose: 'prefetch' }, priority: 'low' });
    const html = answer.ok && !answer.redirected ? await answer.text() : '';
    html ? ahead.set(url, { at: Date.now(), html }) : ahead.delete(url);
  } catch {
    ahead.delete(url);
  }
}

function fetchNext() {
  const at = rows().indexOf(current());
  fetchAhead(rows()[at + 1]?.getAttribute('hx-get'));
}

// What was fetched ahead about this lead is old; about any, if it is not said which.
function forget({ detail }) {
  const about = ([url]) => !detail.handoff || url.includes(`/inbox/${detail.handoff}/`);
  [...ahead].filter(about).forEach(([url]) => ahead.delete(url));
}

// -- shown at once

function showAtOnce(url, xhr) {
  const known = ahead.get(url);
  const lead = $('#lead');
  if (!lead || !known?.html || Date.now() - known.at > FRESH) return;
  takeBack();
  const copy = new DOMParser().parseFromString(known.html, 'text/html').querySelector('#lead');
  if (!copy) return;
  for (const el of [copy, ...$$('*', copy)]) {
    ['id', 'data-key', 'data-focus', 'hx-get', 'hx-post', 'hx-trigger'].forEach((name) => el.removeAttribute(name));
  }
  copy.inert = true;
  lead.hidden = true;
  lead.after(copy);
  shown = { copy, xhr };
}

function takeBack() {
  shown?.copy.remove();
  shown = null;
  const lead = $('#lead');
  if (lead) lead.hidden = false;
}

// -- what somebody does

document.addEventListener('click', (ev) => {
  const panes = $('#panes');
  if (!panes || ev.metaKey || ev.ctrlKey) return;
  const row = ev.target.closest('#triage a[data-row]');
  if (row) {
    mark(row);
    panes.dataset.view = 'detail';
  }
  if (ev.target.closest('[data-back]')) {
    ev.preventDefault();
    delete panes.dataset.view;
    current()?.focus();
  }
});

document.addEventListener('htmx:beforeRequest', ({ detail, defaultPrevented }) => {
  const { elt, requestConfig, target, xhr } = detail;
  if (target.id !== 'lead' || defaultPrevented) return;
  if (requestConfig.verb === 'get') return showAtOnce(elt.getAttribute('hx-get'), xhr);
  deciding.add(xhr);
  leave(elt, xhr);
});

// A decision makes everything fetched before it old, but the next lead may stand in for a moment.
function leave(form, xhr) {
  const row = current();
  const next = row && rows()[rows().indexOf(row) + 1];
  [...ahead.keys()].filter((url) => url !== next?.getAttribute('hx-get')).forEach((url) => ahead.delete(url));
  if (!row || !form.matches('[data-decides]') || isUnfinished(form)) return;
  row.closest('li').dataset.leaving = '';
  const dialog = form.closest('dialog');
  if (dialog) dialog.dataset.waiting = ''; // out of sight, with all that is in it, until the answer is there
  if (!next) return;
  mark(next);
  showAtOnce(next.getAttribute('hx-get'), xhr);
}

// The server would refuse it: no reason yet, or one that needs a note.
function isUnfinished(form) {
  const [choices, chosen] = [$('.reasons', form), $('.reasons :checked', form)];
  return Boolean(choices && !chosen) || Boolean(chosen?.matches('[data-needs-note]') && !form.elements.note.value.trim());
}

document.addEventListener('htmx:afterRequest', ({ detail }) => {
  if (shown?.xhr === detail.xhr) takeBack();
  if (detail.requestConfig.verb === 'get') return;
  deciding.delete(detail.xhr);
  const dialog = $('dialog[data-waiting]');
  if (dialog) delete dialog.dataset.waiting;
  const row = $('#triage [data-leaving]');
  if (!row || (detail.successful && detail.xhr.status !== INVALID)) return;
  delete row.dataset.leaving; // refused or lost: it stands where it stood
  mark($('a', row));
});

document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (detail.target.id === 'lead' || detail.target.id === 'triage') setTimeout(fetchNext, 50);
});

for (const kind of ['pointerover', 'focusin']) {
  document.addEventListener(kind, ({ target }) => fetchAhead(target.closest?.('#panes #triage a[data-row]')?.getAttribute('hx-get')));
}

// -- news

const MOST = 250; // rows an address can name

document.body.addEventListener('tandem:live', forget);

document.addEventListener('htmx:configRequest', ({ detail }) => {
  if (detail.elt.id !== 'news') return;
  const drawn = $$('#triage li[data-state]');
  const said = detail.parameters;
  said.shown = drawn.slice(0, MOST).map(named).join(',');
  said.ends = $$('#triage [data-end]').map((el) => el.dataset.end).join(',');
  if (drawn.length > MOST) said.cut = '1';
  const { handoff, stamp } = $('#lead')?.dataset ?? {};
  if (handoff) Object.assign(said, { open: handoff, stamp });
});

// Id and group of a row, in capitals when it is shown as gone.
function named(li) {
  const group = li.dataset.state[0];
  return li.id.slice(4) + ('gone' in li.dataset ? group.toUpperCase() : group);
}

// A row that is drawn anew stays the open one, and keeps the focus.
document.addEventListener('htmx:oobBeforeSwap', ({ detail }) => {
  const { target: old, fragment } = detail;
  if (!old.matches?.('#triage li[data-state]')) return;
  const row = fragment.firstElementChild;
  const same = row.textContent === old.textContent && 'gone' in row.dataset === 'gone' in old.dataset;
  if (same) { detail.shouldSwap = false; return; }
  if (old.contains(current())) $('[data-row]', row).setAttribute('aria-current', 'true');
  if (old.contains(document.activeElement)) queueMicrotask(() => $('[data-row]', row).focus({ preventScroll: true }));
});

document.addEventListener('htmx:afterSwap', ({ detail }) => {
  if (detail.target.id !== 'news') return;
  const words = $('[data-fresh]')?.textContent.trim();
  if (words) say(`${words} in the inbox`);
  const stale = $('#news [data-stale]');
  if (stale && !shown && !deciding.size) renew(stale.dataset.stale);
  if ($('#panes')) fetchNext();
});

// The open lead has changed elsewhere: what stands now, and no button that could not win.
async function renew(url) {
  const lead = $('#lead');
  const fresh = await fragment(url);
  if (!fresh || shown || deciding.size || !lead?.isConnected || fresh.dataset.handoff !== lead.dataset.handoff) return;
  graft(lead, fresh);
  const outcome = $('[data-outcome]', lead);
  if (outcome) say(outcome.textContent);
}

async function fragment(url) {
  try {
    const answer = await fetch(url, { headers: { 'HX-Request': 'true' } });
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('#lead');
  } catch {
    return null; // the next news tries again
  }
}

if ($('#panes')) fetchNext();
