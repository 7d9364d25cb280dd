// The reasons behind a score: [data-why] opens its strongest lines beside it on hover, focus or tap; one fetch, on
// demand. It stays while the pointer or the focus is on the pill or in it, and Escape closes it. Without this script the
// pill is a link to the whole explanation. Inside a link that opens beside its list (data-follows) focus opens nothing:
// the lines are there already.
import { $, element } from './dom.js';
import { place } from './dialogs.js';

const WAIT = 280; // ms before it opens, so that a pointer may pass
const LEAVE = 220; // ms before it closes, so that a pointer may come over
const FRESH = 30_000; // ms that an answer is kept
const GONE = 'The reasons could not be loaded. Open the score to see them.';
const kept = new Map();
let open = null; // {pill, pop}
let timer;
let byFocus = false; // the timer was set by the focus: a pointer that rests elsewhere has no say

const pillOf = (target) => target.closest?.('[data-why]');
const inPop = (target) => Boolean(open && target?.closest?.('.why-holder') === open.pop);
const focused = () => { const at = document.activeElement; return inPop(at) || Boolean(open && at?.closest('a')?.contains(open.pill)); };
const soon = (work, wait, focus = false) => { clearTimeout(timer); byFocus = focus; timer = setTimeout(work, wait); };

async function linesOf(url) {
  const known = kept.get(url);
  if (known && performance.now() - known.at < FRESH) return known.html;
  const answer = await fetch(url, { headers: { 'HX-Request': 'true' } });
  if (!answer.ok || answer.redirected) throw new Error(GONE);
  const html = await answer.text();
  kept.set(url, { html, at: performance.now() });
  return html;
}

// The pill as it stands now: a live list may have been drawn anew since the pointer or the focus came.
const again = (pill) => (pill.isConnected ? pill : $(`[data-why="${CSS.escape(pill.dataset.why)}"]`));

async function show(asked) {
  const pill = again(asked);
  if (!pill || open?.pill === pill) return;
  close();
  const pop = element('div', { class: 'pop why-holder', popover: 'manual', role: 'group', 'aria-label': 'Why this score' });
  const mine = open = { pill, pop };
  let html;
  try { html = await linesOf(pill.dataset.why); } catch { html = null; }
  if (open !== mine || !mine.pill.isConnected) return;
  if (html) pop.innerHTML = html; else pop.append(element('p', { class: 'muted fs-sm' }, GONE));
  (mine.pill.closest('dialog,main,aside') ?? document.body).append(pop); // a landmark, and never behind a dialog
  pop.showPopover();
  place(pop, mine.pill.getBoundingClientRect());
}

function close() {
  clearTimeout(timer);
  open?.pop.remove();
  open = null;
}

document.addEventListener('pointerover', (ev) => {
  if (ev.pointerType === 'touch') return;
  const pill = pillOf(ev.target);
  if (pill) soon(() => show(pill), open?.pill === pill ? 0 : WAIT);
  else if (inPop(ev.target)) clearTimeout(timer);
  else if (open) { if (!focused()) soon(close, LEAVE); }
  else if (!byFocus) clearTimeout(timer);
});

// A tap opens the lines; they hold the link to the whole.
document.addEventListener('click', (ev) => {
  const pill = pillOf(ev.target);
  if (pill && ev.pointerType === 'touch' && open?.pill !== pill) {
    ev.preventDefault();
    ev.stopPropagation();
    show(pill);
  } else if (open && !pill && !inPop(ev.target)) close();
}, true);

document.addEventListener('focusin', (ev) => {
  if (inPop(ev.target)) return;
  const link = ev.target.closest?.('a');
  const pill = pillOf(ev.target) ?? (link && !link.closest('[data-follows]') ? $('[data-why]', link) : null);
  if (pill && ev.target.matches(':focus-visible')) soon(() => show(pill), WAIT, true);
  else if (!pill) close(); // also what was about to open
});

document.addEventListener('keydown', (ev) => {
  if (!open?.pop.isConnected) return;
  if (ev.key === 'Escape') { ev.preventDefault(); ev.stopPropagation(); close(); }
  const into = ev.key === 'Tab' && !ev.shiftKey && document.activeElement === open?.pill && $('a', open.pop);
  if (into) { ev.preventDefault(); into.focus(); }
  else if (ev.key === 'Tab' && inPop(document.activeElement)) { const { pill } = open; pill.focus(); if (ev.shiftKey) ev.preventDefault(); close(); }
}, true);

document.addEventListener('scroll', (ev) => { if (open && !inPop(ev.target)) close(); }, { capture: true, passive: true });

// A swap elsewhere (the counts in the navigation, news) leaves what is open, and what is about to open, alone. A list
// drawn anew hands it on to the same lead's new pill.
document.addEventListener('htmx:afterSwap', () => {
  if (!open || open.pill.isConnected) return;
  const isLoading = !open.pop.hasChildNodes();
  const pill = open.pop.isConnected || isLoading ? again(open.pill) : null;
  if (pill) open.pill = pill; else close();
});
