// The steps of a draft: dragged to another place, also into another branch, or moved by Alt and an arrow key.
// The buttons and the "Move to" list beside the chosen step do the same.
import { $, isTyping } from '../js/dom.js';

const htmx = () => window.htmx;
let dragged = null;
let back = null; // the step to focus once the editor was swapped

const editing = () => $('#editor[data-editing]');
const stepOf = (el) => el?.closest?.('[data-step]') ?? null;

// Links and pictures would be dragged by themselves.
function makeDraggable() {
  editing()?.querySelectorAll('[data-step]').forEach((li) => { li.draggable = true; });
  editing()?.querySelectorAll('[data-step] a').forEach((a) => { a.draggable = false; });
}

function spot(ev) {
  if (!dragged) return null;
  const list = ev.target.closest?.('[data-list]');
  if (list && !dragged.contains(list)) return { el: list, side: 'in' };
  const over = stepOf(ev.target);
  if (!over || dragged.contains(over)) return null;
  const box = $('.step', over).getBoundingClientRect();
  return { el: over, side: ev.clientY < box.top + box.height / 2 ? 'above' : 'below' };
}

function mark(at) {
  document.querySelectorAll('[data-over]').forEach((el) => { if (el !== at?.el) delete el.dataset.over; });
  if (at) at.el.dataset.over = at.side;
}

// The place is counted without the dragged step itself.
function placeOf({ el, side }) {
  const [parent, branch, at] = (el.dataset.list ?? el.dataset.place).split(':');
  const [ownParent, ownBranch, own] = dragged.dataset.place.split(':');
  let place = Number(at) + (side === 'below' ? 1 : 0);
  if (parent === ownParent && branch === ownBranch && Number(own) < place) place -= 1;
  return `${parent}:${branch}:${place}`;
}

document.addEventListener('dragstart', (ev) => {
  dragged = editing() ? stepOf(ev.target) : null;
  if (!dragged) return;
  ev.dataTransfer.effectAllowed = 'move';
  ev.dataTransfer.setData('text/plain', dragged.dataset.step);
  dragged.dataset.dragged = '';
});

document.addEventListener('dragover', (ev) => {
  if (!dragged) return;
  const at = spot(ev);
  if (at) ev.preventDefault();
  mark(at);
});

document.addEventListener('drop', (ev) => {
  const at = spot(ev);
  if (!at) return;
  ev.preventDefault();
  back = dragged.id;
  htmx().ajax('POST', `/steps/${dragged.dataset.step}/place/`, { target: '#editor', swap: 'outerHTML', values: { to: placeOf(at) } });
});

document.addEventListener('dragend', () => {
  if (!dragged) return;
  delete dragged.dataset.dragged;
  dragged = null;
  mark(null);
});

document.addEventListener('keydown', (ev) => {
  if (!editing() || isTyping(ev.target) || $('dialog[open]')) return;
  if (ev.altKey && (ev.key === 'ArrowUp' || ev.key === 'ArrowDown')) return moveBy(ev);
  const key = ev.key.toLowerCase();
  if (!(ev.ctrlKey || ev.metaKey) || (key !== 'z' && key !== 'y')) return;
  const form = $(key === 'y' || ev.shiftKey ? '[data-redo]' : '[data-undo]');
  if (form) { ev.preventDefault(); form.requestSubmit(); }
});

function moveBy(ev) {
  const step = stepOf(ev.target) ?? stepOf($('#editor [aria-current=true]'));
  if (!step) return;
  ev.preventDefault();
  back = step.id;
  const way = ev.key === 'ArrowUp' ? 'up' : 'down';
  htmx().ajax('POST', `/steps/${step.dataset.step}/${way}/`, { target: '#editor', swap: 'outerHTML' });
}

document.addEventListener('htmx:afterSettle', () => {
  makeDraggable();
  const link = back && document.getElementById(back)?.querySelector('.name');
  if (back) link?.focus();
  back = null;
});

makeDraggable();
