// Ctrl K: leads and pages from the server, places and commands from this page. Arrows walk, Enter opens.
// The results are plain links and buttons, and the focus really moves, so nothing has to be announced twice.
import { $, $$, element, visible, wordsOf } from './dom.js';

const TYPING_PAUSE = 150; // ms
const palette = $('#palette');
const field = palette && $('input', palette);
const results = palette && $('#palette-results', palette);
let asked = 0;
let timer;

if (palette) {
  field.addEventListener('input', () => {
    show([]);
    clearTimeout(timer);
    timer = setTimeout(search, TYPING_PAUSE);
  });
  palette.addEventListener('keydown', walk);
  palette.addEventListener('close', () => { field.value = ''; results.replaceChildren(); });
  new MutationObserver(() => palette.open && show([])).observe(palette, { attributeFilter: ['open'] });
  $('form', palette).addEventListener('submit', (ev) => {
    const first = $('a,button', results);
    if (!first) return;
    ev.preventDefault();
    first.click();
  });
  results.addEventListener('click', (ev) => {
    if (ev.target.closest('a,button')) palette.close();
  });
}

async function search() {
  const question = field.value.trim();
  const mine = ++asked;
  if (question.length < 2) return;
  results.ariaBusy = 'true';
  const found = await ask(question);
  if (mine !== asked || !palette.open) return; // a later letter has asked again
  results.ariaBusy = 'false';
  show(found);
}

async function ask(question) {
  try {
    const answer = await fetch(`${$('form', palette).action}?q=${encodeURIComponent(question)}`, {
      headers: { 'HX-Request': 'true' },
    });
    if (!answer.ok || new URL(answer.url).pathname.startsWith('/accounts/')) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    return [...page.body.childNodes];
  } catch {
    return [element('p', { class: 'grp bad' }, 'The search cannot be reached. Places and commands still work.')];
  }
}

function show(found) {
  results.replaceChildren(
    ...found,
    ...group('Go to', $$('[data-go]'), (el) => ['G', el.dataset.go]),
    ...group('On this page', $$('.main [data-key],.sheet [data-key]').filter(visible), (el) => [el.dataset.key]),
  );
  const count = $$('a,button', results).length;
  if (!count) results.replaceChildren(element('p', { class: 'grp' }, 'Nothing found. Try part of a name, a company or an address.'));
  $('#palette-status').textContent = field.value ? `${count} found` : '';
}

function group(title, controls, keysOf) {
  const words = field.value.trim().toLowerCase();
  const fitting = controls.filter((el) => wordsOf(el).toLowerCase().includes(words));
  if (!fitting.length) return [];
  return [element('p', { class: 'grp' }, title), ...fitting.map((el) => command(el, keysOf(el)))];
}

function command(el, keys) {
  const attributes = el.href ? { href: el.href } : { type: 'button' };
  const shown = element(el.href ? 'a' : 'button', attributes, wordsOf(el),
    element('span', { class: 'end row g1' }, ...keys.map((key) => element('kbd', {}, key.toUpperCase()))));
  const picture = $('svg', el);
  if (picture) shown.prepend(picture.cloneNode(true));
  if (!el.href) shown.addEventListener('click', () => setTimeout(() => el.click()));
  return shown;
}

function walk(ev) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[ev.key];
  const stops = [field, ...$$('a,button', results)];
  if (ev.key === 'Escape') { // in a search field the browser would only empty it
    ev.preventDefault();
    palette.close();
  } else if (step) {
    ev.preventDefault();
    const at = stops.indexOf(document.activeElement);
    stops[(at + step + stops.length) % stops.length].focus();
  } else if (ev.key.length === 1 && !ev.ctrlKey && !ev.metaKey && ev.key !== ' ' && document.activeElement !== field) {
    field.focus(); // going on typing goes on searching
  }
}
