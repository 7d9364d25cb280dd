// The as-of slider: [data-slider] appears with this script; its range sets the date field and asks for that day.
//   data-first  the day of 0; data-sets  the id of the date field
import { $, $$ } from './dom.js';

const WAIT = 180; // ms; a hand that still moves asks for nothing
let timer;

const field = (range) => document.getElementById(range.dataset.sets);

function dayOf(range) {
  if (range.value === range.max) return ''; // today: as it is now
  const day = new Date(`${range.dataset.first}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + Number(range.value));
  return day.toISOString().slice(0, 10);
}

document.addEventListener('input', ({ target }) => {
  if (!target.matches('input[type=range][data-sets]')) return;
  field(target).value = dayOf(target);
  target.setAttribute('aria-valuetext', field(target).value || 'Today');
  clearTimeout(timer);
  timer = setTimeout(() => target.form.requestSubmit(), WAIT);
});

document.addEventListener('change', ({ target }) => {
  const range = target.id && $(`[data-sets="${CSS.escape(target.id)}"]`);
  if (range && target.value) range.value = (new Date(target.value) - new Date(range.dataset.first)) / 86_400_000;
  if (range || target.closest('.lookback select')) target.form.requestSubmit();
});

$$('[data-slider]').forEach((el) => { el.hidden = false; });
