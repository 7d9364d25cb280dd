// The rules of a draft: a row dragged onto another of its group takes its place. The buttons in the row do the same.
const form = document.getElementById('order');
let row = null;

const rows = form ? [...document.querySelectorAll('tr[data-rule]')] : [];
rows.forEach((each) => { each.draggable = true; });

function target(ev) {
  const over = row && ev.target.closest?.('tr[data-rule]');
  return over && over !== row && over.dataset.group === row.dataset.group ? over : null;
}

function mark(over) {
  for (const each of rows) if (each !== over) delete each.dataset.over;
  if (over) over.dataset.over = rows.indexOf(row) < rows.indexOf(over) ? 'below' : 'above';
}

document.addEventListener('dragstart', (ev) => {
  row = ev.target.closest?.('tr[data-rule]') ?? null;
  if (!row) return;
  ev.dataTransfer.effectAllowed = 'move';
  ev.dataTransfer.setData('text/plain', row.dataset.rule);
  row.dataset.dragged = '';
});

document.addEventListener('dragover', (ev) => {
  const over = target(ev);
  if (over) ev.preventDefault();
  mark(over);
});

document.addEventListener('drop', (ev) => {
  const over = target(ev);
  if (!over) return;
  ev.preventDefault();
  const move = Object.assign(document.createElement('input'), { type: 'hidden', name: 'move' });
  move.value = `${row.dataset.rule}:${over.dataset.rule}`;
  form.append(move);
  form.submit();
});

document.addEventListener('dragend', () => {
  if (row) delete row.dataset.dragged;
  row = null;
  mark(null);
});
