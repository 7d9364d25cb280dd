// A part of a page that follows the news by itself: [data-follows-news="address"] is read again on every `tandem:live`
// (and on waking up), and put in place while nobody is busy with it. Whoever points, drags, types, selects or has a
// dialog open is not disturbed: the change waits, and a button offers it.
import { $, $$ } from './dom.js';
import { isBusy, keyOf } from './graft.js';

const WAIT = 600; // ms; several news are one look
const REST = 3000; // ms without a move of the pointer or a key
let timer;
let ready = null; // html that waits to be put in place
let touchedAt = -Infinity;

const part = () => $('[data-follows-news]');

// What it says, without clocks and times that pass by themselves.
function words(el) {
  const copy = el.cloneNode(true);
  $$('time,[data-words],[data-news-pill]', copy).forEach((part) => part.remove());
  return copy.textContent.replace(/\s+/g, ' ');
}


for (const kind of ['pointermove', 'pointerdown', 'keydown', 'scroll', 'dragover']) {
  addEventListener(kind, ({ target }) => { if (part()?.contains(target) || kind === 'keydown') touchedAt = performance.now(); }, { capture: true, passive: true });
}

function soon() {
  if (!part()) return;
  clearTimeout(timer);
  timer = setTimeout(look, WAIT);
}

async function look() {
  const here = part();
  try {
    const answer = await fetch(here.dataset.followsNews + location.search, { headers: { 'HX-Request': 'true' } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(here.id);
    if (!fresh || !here.isConnected) return;
    ready = words(fresh) === words(here) ? null : fresh;
    offer();
  } catch {
    // the next news tries again
  }
}

const isDisturbing = (here) => performance.now() - touchedAt < REST || isBusy(here)
  || Boolean($('dialog[open],[data-dragged],[aria-busy=true],.why-holder') || $$('[popover]:popover-open', here).length);

function offer() {
  const here = part();
  if (!ready || !here) return;
  if (!isDisturbing(here)) return put();
  const pill = $('[data-news-pill]', here);
  if (pill) pill.hidden = false;
  setTimeout(offer, 1000);
}

function put() {
  const [here, fresh] = [part(), ready];
  ready = null;
  if (!here || !fresh) return;
  const focused = here.contains(document.activeElement) && keyOf(document.activeElement);
  const open = $('tr[data-row][aria-selected=true]', here)?.id; // the row whose sheet is open beside the list
  here.replaceWith(fresh);
  if (open) document.getElementById(open)?.setAttribute('aria-selected', 'true');
  window.htmx.process(fresh);
  if (focused) $(focused, fresh)?.focus({ preventScroll: true });
}

document.addEventListener('click', (ev) => { if (ev.target.closest('[data-news-pill]')) put(); });
document.addEventListener('htmx:beforeSwap', ({ detail }) => { if (detail.target === part()) ready = null; });
for (const kind of ['tandem:live', 'tandem:woke']) document.body.addEventListener(kind, soon);
