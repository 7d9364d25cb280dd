// The team: a card dragged onto another rep fills in its own "Move to" form and sends it.
import { $, $$, say } from './dom.js';

let card = null;

const target = (ev) => {
  const rep = card && ev.target.closest?.('[data-rep]');
  return rep && !rep.contains(card) ? rep : null;
};

document.addEventListener('dragstart', (ev) => {
  card = ev.target.closest?.('[data-card]') ?? null;
  if (!card) return;
  ev.dataTransfer.effectAllowed = 'move';
  ev.dataTransfer.setData('text/plain', card.ariaLabel);
  card.dataset.dragged = '';
});

document.addEventListener('dragover', (ev) => {
  const rep = target(ev);
  if (rep) ev.preventDefault();
  mark(rep);
});

document.addEventListener('drop', (ev) => {
  const rep = target(ev);
  if (!rep) return;
  ev.preventDefault();
  const form = $('form', card);
  form.elements.rep.value = rep.dataset.rep;
  say(`Moving ${card.ariaLabel}`);
  form.requestSubmit();
});

document.addEventListener('dragend', () => {
  if (card) delete card.dataset.dragged;
  card = null;
  mark(null);
});

function mark(rep) {
  for (const each of $$('[data-over]')) if (each !== rep) delete each.dataset.over;
  if (rep) rep.dataset.over = '';
}
