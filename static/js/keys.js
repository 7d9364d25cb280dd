// One letter does what the button that shows it does.
//   data-key="h"   a control of this page (the visible one; of several toasts the newest)
//   data-go="q"    a place, reached by G and then the letter
//   data-search    what / focuses
// Letters rest while somebody types, holds a modifier, or has a dialog open.
import { $, $$, element, isTyping, visible, wordsOf } from './dom.js';
import { openDialog } from './dialogs.js';

const SECOND_LETTER_WITHIN = 1500; // ms
let wentAt = -Infinity;
let early = null; // keys pressed while a dialog is on its way; they are meant for it

document.addEventListener('keydown', (ev) => {
  if ((ev.metaKey || ev.ctrlKey) && ev.key.toLowerCase() === 'k') {
    ev.preventDefault();
    openDialog($('#palette'));
    return;
  }
  if ((ev.metaKey || ev.ctrlKey) && ev.key === 'Enter') return $('dialog[open] form')?.requestSubmit(); // from a note
  if (ev.metaKey || ev.ctrlKey || ev.altKey || ev.defaultPrevented || ev.isComposing || isTyping(ev.target)) return;
  const dialog = $('dialog[open]');
  if (early && !dialog) { early.push(ev.key); ev.preventDefault(); return; }
  if (dialog ? choose(dialog, ev.key) : obey(ev.key)) ev.preventDefault();
});

function obey(key) {
  const letter = key.toLowerCase();
  if (performance.now() - wentAt < SECOND_LETTER_WITHIN) {
    wentAt = -Infinity;
    const place = $(`[data-go="${CSS.escape(letter)}"]`);
    if (place) return press(place);
  }
  if (letter === 'g') wentAt = performance.now();
  if (key === '?') return showKeys();
  if (key === '/') return focusSearch();
  const controls = $$(`[data-key="${CSS.escape(letter)}"]`).filter((el) => reachable(el) && !el.disabled);
  const control = letter === 'z' ? controls.at(-1) : controls[0];
  return control ? press(control) : false;
}

// On a phone some buttons wait behind "More"; their keys work all the same.
const reachable = (el) => visible(el) || Boolean(el.closest('.actionbar [popover]') && visible(el.closest('.actionbar')));

function press(control) {
  control.click();
  if (control.getAttribute('hx-target') === '#dialog') early = [];
  return true;
}

document.addEventListener('htmx:afterRequest', ({ detail }) => {
  if (!early || detail.target.id !== 'dialog') return;
  const [keys, dialog] = [early, $('dialog[open]')];
  early = null;
  if (dialog) keys.forEach((key) => choose(dialog, key));
});

function focusSearch() {
  const field = $$('[data-search]').find(visible);
  field?.focus();
  field?.select?.();
  return Boolean(field);
}

// In a dialog with reasons the digits choose, and N goes on to the note.
function choose(dialog, key) {
  const note = key.toLowerCase() === 'n' && $('.reasons', dialog) && $('[name=note]', dialog);
  if (note) { note.focus(); return true; }
  const choice = /^[1-9]$/.test(key) && $(`.reasons [data-digit="${key}"]`, dialog);
  if (!choice) return false;
  choice.click();
  choice.focus();
  return true;
}

function showKeys() {
  const dialog = $('#keys');
  if (!dialog) return false;
  fill($('[data-keys-go]', dialog), 'Go to', $$('[data-go]'), (el) => ['G', el.dataset.go]);
  fill($('[data-keys-here]', dialog), 'On this page', $$('[data-key]').filter(reachable), (el) => [el.dataset.key]);
  for (const line of $$('[data-needs]', dialog)) line.hidden = !$(line.dataset.needs);
  openDialog(dialog);
  return true;
}

function fill(box, title, controls, keysOf) {
  const seen = new Set();
  const lines = controls.filter((el) => !seen.has(wordsOf(el)) && seen.add(wordsOf(el))).map((el) => element(
    'div', {}, element('dt', {}, wordsOf(el)),
    element('dd', {}, ...keysOf(el).map((key) => element('kbd', {}, key.toUpperCase()))),
  ));
  box.replaceChildren(...(lines.length ? [element('h3', {}, title), element('dl', { class: 'keys' }, ...lines)] : []));
}

document.addEventListener('click', (ev) => {
  if (ev.target.closest('[data-open="keys"]')) showKeys();
});

if (/mac|iphone|ipad/i.test(navigator.platform)) $$('[data-mod]').forEach((el) => { el.textContent = '⌘'; });
