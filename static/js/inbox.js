// The inbox. On a narrow screen it shows the list or one lead; on any screen the open lead is marked in the list.
// Whatever comes next is fetched before it is asked for and shown at once; the answer of the server replaces it, and
// if the server refuses, what was there before comes back.
import { $, $$, say } from './dom.js';

const FRESH = 20_000; // ms that a lead fetched ahead may be shown
const ahead = new Map(); // url -> { at, html }
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

const forget = () => ahead.clear();

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

document.addEventListener('htmx:beforeRequest', ({ detail }) => {
  const { elt, requestConfig, target, xhr } = detail;
  if (target.id !== 'lead') return;
  if (requestConfig.verb === 'get') showAtOnce(elt.getAttribute('hx-get'), xhr);
  else leave(elt, xhr);
});

// A decision makes everything fetched before it old, but the next lead may stand in for a moment.
function leave(form, xhr) {
  const row = current();
  const next = row && rows()[rows().indexOf(row) + 1];
  [...ahead.keys()].filter((url) => url !== next?.getAttribute('hx-get')).forEach((url) => ahead.delete(url));
  if (!row || !form.matches('[data-decides]')) return;
  row.closest('li').dataset.leaving = '';
  if (!next) return;
  mark(next);
  showAtOnce(next.getAttribute('hx-get'), xhr);
}

document.addEventListener('htmx:afterRequest', ({ detail }) => {
  if (shown?.xhr === detail.xhr) takeBack();
  const row = $('#triage [data-leaving]');
  if (!row || detail.requestConfig.verb === 'get' || detail.successful) return;
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

document.body.addEventListener('tandem:live', forget);

document.addEventListener('htmx:configRequest', ({ detail }) => {
  if (detail.elt.id !== 'news') return;
  detail.parameters.shown = $$('#triage li[data-state]').map((li) => li.id.slice(4) + li.dataset.state[0]).join(',');
});

document.addEventListener('htmx:afterSwap', ({ detail }) => {
  if (detail.target.id !== 'news') return;
  const words = $('[data-fresh]')?.textContent.trim();
  if (words) say(`${words} in the inbox`);
  const row = current();
  if (row?.closest('[data-gone]') && $('#lead [data-key=a]')) renew(row);
});

// The open lead was answered elsewhere: what it says now, and no button that could not win.
function renew(row) {
  window.htmx.ajax('GET', row.getAttribute('hx-get'), { target: '#lead', swap: 'outerHTML' });
}

if ($('#panes')) fetchNext();
