// htmx: who is busy, where the focus goes, and plain words when something fails.
import { $, say } from './dom.js';
import { focusProblem } from './forms.js';
import { toast } from './toasts.js';

const WORDS = {
  403: 'Your role does not allow this. Nothing was changed.',
  404: 'This record is gone, or it belongs to somebody else. Nothing was changed.',
  429: 'Too many tries in a short time. Nothing was changed. Wait a minute and try again.',
  503: 'Tandem cannot reach its database. Nothing was saved. Try again in a minute.',
};
const BROKEN = 'Something went wrong on our side. This was not saved; what you typed is still here. Try again.';
const NOT_LOADED = 'A part of this page could not be loaded. Nothing was changed. Reload the page to try again.';
const OFFLINE = 'No connection. This was not saved; what you typed is still here. Try again when you are back online.';

function tell(words) {
  toast(words, 'bad');
  say(words);
}

function failed({ elt, requestConfig, xhr }, words) {
  if (elt.closest('[data-quiet]')) return; // an extra nobody waits for, such as the counts in the navigation
  tell(requestConfig.verb === 'get' && (xhr.status === 0 || xhr.status >= 500) ? NOT_LOADED : words);
}

document.addEventListener('htmx:responseError', ({ detail }) => failed(detail, WORDS[detail.xhr.status] ?? BROKEN));
document.addEventListener('htmx:sendError', ({ detail }) => failed(detail, OFFLINE));
document.addEventListener('htmx:timeout', ({ detail }) => failed(detail, OFFLINE));

// Signed out in another tab: the answer is the sign-in page, which belongs into the window, not into a row.
document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  const path = detail.xhr.responseURL && new URL(detail.xhr.responseURL).pathname;
  if (!path?.startsWith('/accounts/login')) return;
  detail.shouldSwap = false;
  location.assign(`${path}?next=${encodeURIComponent(location.pathname + location.search)}`);
});

document.addEventListener('htmx:beforeRequest', (ev) => {
  const { elt, requestConfig } = ev.detail;
  if (requestConfig.verb !== 'get' && elt.dataset.sent) { ev.preventDefault(); return; } // pressed twice
  if (requestConfig.verb !== 'get') elt.dataset.sent = 'yes';
  busy(ev.detail, true);
});
document.addEventListener('htmx:afterRequest', ({ detail }) => busy(detail, false));

function busy({ elt, target, requestConfig }, on) {
  const button = requestConfig.triggeringEvent?.submitter ?? (elt.matches('button,a.btn') ? elt : null);
  for (const el of [target, button]) on ? el?.setAttribute('aria-busy', 'true') : el?.removeAttribute('aria-busy');
  if (!on) delete elt.dataset.sent;
}

// The focus stays on the same row when its list is swapped under it.
let place = null;

document.addEventListener('htmx:beforeSwap', ({ detail }) => {
  const row = document.activeElement?.closest('[data-row][id]');
  const inside = row && detail.target && (detail.target.contains(row) || row.contains(detail.target));
  place = inside ? { id: row.id, at: [...row.querySelectorAll('a,button,input')].indexOf(document.activeElement) } : null;
});

document.addEventListener('htmx:afterSettle', ({ detail }) => {
  if (focusProblem(detail.elt)) return;
  const row = place && document.getElementById(place.id);
  const lost = !document.activeElement || document.activeElement === document.body;
  if (row && lost) (row.querySelectorAll('a,button,input')[place.at] ?? $('a,button', row))?.focus();
  place = null;
});
