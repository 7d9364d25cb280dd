// The editor of a mail: drag, keys, merge fields at the caret, and saving while one types.
// Without this module the same buttons send the form; nothing here is needed to write a mail.
import { $, $$, element, say } from './dom.js';

const PAUSE = 2500; // ms after the last key
const opened = new Set(); // blocks that stay open when the list is swapped
let lastTyped = null;
let saving = null;
let timer = 0;

const formOf = (el) => el?.closest?.('#content-form');
const form = () => $('#content-form');

// A button of its own, clicked: htmx sends the one that was clicked last.
function press(verb) {
  $('#content-form > [data-pressed]')?.remove();
  const button = element('button', { type: 'submit', name: 'do', value: verb, hidden: '', 'data-pressed': '' });
  form().append(button);
  button.click();
}

function dress(root) {
  for (const block of $$('.block', root)) {
    const grip = $(':scope > .tools > [data-grip]', block);
    if (grip) { grip.hidden = false; grip.draggable = true; }
    if (opened.has(block.dataset.block)) $(':scope > details', block).open = true;
  }
  for (const code of $$('#merge-fields code', root)) {
    const button = element('button', { type: 'button', class: 'btn sm', 'data-insert': code.textContent }, code.nextSibling.textContent.trim());
    code.parentElement.replaceChildren(button);
  }
}

document.addEventListener('toggle', ({ target }) => {
  const block = target.parentElement?.closest?.('.block');
  if (!block || !target.matches('details')) return;
  target.open ? opened.add(block.dataset.block) : opened.delete(block.dataset.block);
}, true);

// Drag: onto another block takes its place, onto an empty list goes there.
let dragged = null;

function spot(ev) {
  const place = dragged && ev.target.closest?.('#content .blocks');
  if (!place || dragged.contains(place)) return null;
  const over = ev.target.closest('.block');
  if (!over || over === dragged || !place.contains(over)) return over === dragged ? null : { place, index: place.children.length };
  const box = over.getBoundingClientRect();
  const below = ev.clientY > box.top + box.height / 2;
  return { place, over, below, index: [...place.children].indexOf(over) + (below ? 1 : 0) };
}

function mark(found) {
  for (const each of $$('#content [data-over]')) delete each.dataset.over;
  if (found?.over) found.over.dataset.over = found.below ? 'below' : 'above';
}

document.addEventListener('dragstart', (ev) => {
  if (!ev.target.matches?.('[data-grip]')) return;
  dragged = ev.target.closest('.block');
  ev.dataTransfer.effectAllowed = 'move';
  ev.dataTransfer.setData('text/plain', dragged.dataset.block);
  dragged.dataset.dragged = '';
});
document.addEventListener('dragover', (ev) => {
  if (!dragged) return;
  const found = spot(ev);
  if (found) ev.preventDefault();
  mark(found);
});
document.addEventListener('drop', (ev) => {
  const found = spot(ev);
  if (!found) return;
  ev.preventDefault();
  press(`put:${dragged.dataset.block}:${found.place.dataset.place}:${found.index}`);
});
document.addEventListener('dragend', () => {
  if (dragged) delete dragged.dataset.dragged;
  dragged = null;
  mark(null);
});

// Keys: Alt and an arrow move the block in which the focus is.
document.addEventListener('keydown', (ev) => {
  const block = ev.altKey && formOf(ev.target) && ev.target.closest('.block');
  const way = { ArrowUp: 'up', ArrowDown: 'down' }[ev.key];
  if (!block || !way) return;
  ev.preventDefault();
  press(`${way}:${block.dataset.block}`);
});

// Merge fields go where the caret was.
document.addEventListener('focusin', ({ target }) => { if (target.matches('[data-merge]')) lastTyped = target; });
document.addEventListener('click', ({ target }) => {
  const words = target.closest?.('[data-insert]')?.dataset.insert;
  if (!words) return;
  const into = lastTyped?.isConnected ? lastTyped : $('#content-form textarea[data-merge], #subject');
  into.closest('details')?.setAttribute('open', '');
  into.setRangeText(words, into.selectionStart, into.selectionEnd, 'end');
  into.focus();
  const dots = into.value.lastIndexOf('…', into.selectionEnd);
  if (dots >= 0) into.setSelectionRange(dots, dots + 1);
  into.dispatchEvent(new Event('input', { bubbles: true }));
});

// Saving while one types. The answer carries the token of what is saved now; a conflict is said and nothing is replaced.
function tell(words, bad) {
  const line = $('#content-saved');
  if (!line) return;
  line.textContent = words;
  line.dataset.bad = bad ? 'yes' : '';
  say(words);
}

async function save() {
  const from = form();
  if (!from) return;
  const data = new FormData(from);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  data.set('do', 'autosave');
  const answer = await fetch(from.action, { method: 'POST', body: data, headers: { Accept: 'application/json' } });
  if (!answer.headers.get('Content-Type')?.startsWith('application/json')) return;
  const { seen, words } = await answer.json();
  tell(words, !answer.ok);
  if (!seen || !from.isConnected) return;
  from.elements.seen.value = seen;
  const frame = $('#content-preview iframe');
  if (frame) frame.src = frame.src;
}

document.addEventListener('input', (ev) => {
  if (!formOf(ev.target) || ev.target.type === 'file') return;
  clearTimeout(timer);
  timer = setTimeout(() => { saving = save().catch(() => {}).finally(() => { saving = null; }); }, PAUSE);
});

// A button pressed while a save is on its way waits for it: otherwise the two would look like two people.
document.addEventListener('submit', (ev) => {
  if (!formOf(ev.target)) return;
  clearTimeout(timer);
  if (!saving) return;
  ev.preventDefault();
  ev.stopImmediatePropagation();
  const { submitter } = ev;
  saving.then(() => ev.target.requestSubmit(submitter?.isConnected ? submitter : undefined));
}, true);

document.addEventListener('htmx:load', ({ detail }) => dress(detail.elt.id === 'content' ? detail.elt : document));
dress(document);
