// The board: a card is dragged to another column, or moved from the keyboard by M on the focused card.
// The server answers with the whole board, or with the dialog that a won or lost deal needs.
import { $, $$, isTyping, say, wordsOf } from './dom.js';

let dragged = null;

document.addEventListener('dragstart', (ev) => {
  dragged = ev.target.closest?.('[data-deal][draggable=true]') ?? null;
  if (!dragged) return;
  ev.dataTransfer.effectAllowed = 'move';
  ev.dataTransfer.setData('text/plain', wordsOf($('.name', dragged)));
  dragged.dataset.dragged = '';
});

document.addEventListener('dragover', (ev) => {
  const column = dragged && ev.target.closest?.('[data-stage]');
  if (!column) return;
  ev.preventDefault();
  mark(column);
});

document.addEventListener('dragend', () => {
  if (dragged) delete dragged.dataset.dragged;
  dragged = null;
  mark(null);
});

document.addEventListener('drop', (ev) => {
  const column = dragged && ev.target.closest?.('[data-stage]');
  if (!column) return;
  ev.preventDefault();
  if (!column.contains(dragged)) move(dragged, column);
});

document.addEventListener('keydown', (ev) => {
  if (ev.key.toLowerCase() !== 'm' || ev.metaKey || ev.ctrlKey || ev.altKey || isTyping(ev.target)) return;
  $('.btn[hx-get]', document.activeElement?.closest('[data-deal]') ?? document.createElement('i'))?.click();
});

function move(card, column) {
  const values = { stage: column.dataset.stage, version: card.dataset.version };
  say(`Moving ${wordsOf($('.name', card))}`);
  window.htmx.ajax('POST', card.dataset.deal, { source: card, target: '#pipeline', swap: 'outerHTML', values });
}

function mark(column) {
  for (const each of $$('[data-over]')) if (each !== column) delete each.dataset.over;
  if (column) column.dataset.over = '';
}
