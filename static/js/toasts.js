// Toasts leave after a while; those with an undo when its time is over. Pointing at one or focusing it stops the time.
import { $, $$, element } from './dom.js';

const STAYS = 6; // seconds
const left = new WeakMap();

export function toast(words, tone = '') {
  const box = $('#toasts');
  if (!box) return;
  const close = element('button', { class: 'btn sm', type: 'button', 'data-dismiss': '' }, 'Close');
  box.append(element('div', tone ? { class: 'toast', 'data-tone': tone } : { class: 'toast' },
    element('span', { class: 'grow' }, words), close));
}

export function startToasts() {
  const box = $('#toasts');
  if (!box) return;
  box.append(...box.children); // what came with the page is put in again, so that it is read out
  setInterval(() => $$('.toast', box).forEach(age), 1000);
}

function age(el) {
  $$('[data-dismiss]', el).forEach((button) => { button.hidden = false; });
  const undo = Number(el.dataset.undo ?? 0);
  if (!undo && ['bad', 'warn'].includes(el.dataset.tone)) return; // a problem waits until it is read
  if (el.matches(':hover,:focus-within') && !undo) return;
  const seconds = (left.get(el) ?? (undo || STAYS)) - 1;
  left.set(el, seconds);
  const bar = $('progress', el);
  if (bar) bar.value = seconds;
  if (seconds <= 0) el.remove();
}

document.addEventListener('click', (ev) => {
  if (ev.target.closest('[data-dismiss]')) ev.target.closest('.toast')?.remove();
});

// An undo that was answered leaves; a plain post leaves with its page.
document.addEventListener('htmx:afterRequest', ({ detail }) => {
  if (detail.successful) detail.elt.closest?.('.toast')?.remove();
});
