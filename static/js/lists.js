// Lists: J and K walk, X selects, Enter opens (a row holds a link). Select all, ranges with Shift, the bulk bar.
//   data-row on every row; data-select on its checkbox; data-select-all; data-bulk on the bar, data-bulk-count in it;
//   data-clear clears the selection; data-follows on a list whose rows open beside it as soon as one walks there
import { $, $$, isTyping, say, visible } from './dom.js';

const main = (row) => (row.matches('a,button') ? row : $('a.name,a,button', row));
let lastBox;

document.addEventListener('keydown', (ev) => {
  if (ev.metaKey || ev.ctrlKey || ev.altKey || isTyping(ev.target) || $('dialog[open]')) return;
  const key = ev.key.toLowerCase();
  if (key === 'j' || key === 'k') walk(key === 'j' ? 1 : -1);
  if (key === 'x') $('[data-select]', document.activeElement.closest('[data-row]') ?? undefined)?.click();
});

function walk(step) {
  const rows = $$('[data-row]').filter(visible);
  if (!rows.length) return $(`[data-beside][rel=${step > 0 ? 'next' : 'prev'}]`)?.click();
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const from = at < 0 ? rows.findIndex((row) => row.matches('[aria-selected=true],[aria-current=true]')) : at;
  const next = rows[Math.max(0, Math.min(rows.length - 1, from + step))];
  main(next)?.focus();
  next.scrollIntoView({ block: 'nearest' });
  if (next.closest('[data-follows]')) main(next)?.click(); // two panes: the lead follows the row
}

// The row whose sheet is open is marked before the answer comes.
document.addEventListener('click', (ev) => {
  const row = ev.target.closest('a.name')?.closest('tr[data-row][aria-selected]');
  if (!row || ev.metaKey || ev.ctrlKey) return;
  $$('tr[data-row][aria-selected=true]').forEach((other) => other.setAttribute('aria-selected', 'false'));
  row.setAttribute('aria-selected', 'true');
});

document.addEventListener('click', (ev) => {
  const box = ev.target.closest('[data-select]');
  if (box) {
    if (ev.shiftKey && lastBox?.isConnected) selectBetween(lastBox, box);
    lastBox = box;
  }
  if (ev.target.closest('[data-clear]')) $$('[data-select]').forEach((each) => { each.checked = false; });
  if (box || ev.target.closest('[data-clear]')) showSelection();
});

document.addEventListener('change', (ev) => {
  const all = ev.target.closest('[data-select-all]');
  if (!all) return;
  $$('[data-select]').filter((box) => !box.disabled).forEach((box) => { box.checked = all.checked; });
  showSelection();
});

function selectBetween(first, last) {
  const boxes = $$('[data-select]');
  const [from, to] = [boxes.indexOf(first), boxes.indexOf(last)].sort((a, b) => a - b);
  boxes.slice(from, to + 1).forEach((box) => { box.checked = last.checked; });
}

function showSelection() {
  const boxes = $$('[data-select]');
  const chosen = boxes.filter((box) => box.checked).length;
  $$('[data-bulk]').forEach((bar) => { bar.hidden = chosen === 0; });
  $$('[data-bulk-count]').forEach((el) => { el.textContent = `${chosen} selected`; });
  $$('[data-select-all]').forEach((all) => {
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  });
  if (boxes.length) say(chosen ? `${chosen} selected` : 'Nothing selected');
}

if ($('[data-bulk]')) showSelection();
document.addEventListener('htmx:afterSettle', () => $('[data-bulk]') && showSelection());
