// A form is sent once, and a failed one says so where the eye and the screen reader are.
import { $ } from './dom.js';

const GIVE_BACK_AFTER = 10_000; // ms; a download or a lost answer leaves the page as it was

document.addEventListener('submit', (ev) => {
  const form = ev.target;
  if (ev.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) { ev.preventDefault(); return; }
  form.dataset.sent = 'yes';
  const button = ev.submitter;
  // after the browser has read the values: a disabled button would not send its own
  setTimeout(() => button?.setAttribute('aria-busy', 'true'));
  setTimeout(() => giveBack(form, button), GIVE_BACK_AFTER);
});

function giveBack(form, button) {
  delete form.dataset.sent;
  button?.removeAttribute('aria-busy');
}

addEventListener('pageshow', (ev) => {
  if (ev.persisted) document.querySelectorAll('[data-sent]').forEach((form) => giveBack(form, $('[aria-busy]', form)));
});

export function focusProblem(root = document) {
  const box = $('[data-focus]', root) ?? (root.matches?.('[data-focus]') ? root : null);
  box?.focus();
  if (box && document.activeElement === box) delete box.dataset.focus; // what stands behind a dialog waits until that closes
  return Boolean(box);
}

focusProblem();
