// Native dialogs, the sheet and popovers.
//   data-open="id" opens a dialog, data-close closes the one around it, data-autoshow opens on load
//   #dialog opens when htmx puts something into it and closes when it is emptied
//   data-close-sheet empties #sheet and gives the focus back to the row
import { $, $$ } from './dom.js';
import { focusProblem } from './forms.js';

export function openDialog(dialog) {
  if (!dialog || dialog.open) return;
  dialog.showModal();
  firstStop(dialog)?.focus();
}

// The browser would take the first button, which is the one that closes without saving.
function firstStop(dialog) {
  const fields = $$('.dlg-form .body :is(input,select,textarea):not([type=hidden],:disabled)', dialog);
  return $('[autofocus]', dialog) ?? fields.find((el) => el.checkVisibility()) ?? $('.dlg-form footer [type=submit]', dialog);
}

// A select keeps Enter to itself in some browsers; in a dialog the button with the ↵ is meant.
document.addEventListener('keydown', (ev) => {
  if (ev.key !== 'Enter' || ev.defaultPrevented || !ev.target.matches?.('.dlg-form select')) return;
  ev.preventDefault();
  ev.target.form.requestSubmit();
});

document.addEventListener('click', (ev) => {
  const opener = ev.target.closest('[data-open]');
  const dialog = opener && document.getElementById(opener.dataset.open);
  if (dialog) {
    ev.preventDefault();
    opener.closest('[popover]:popover-open')?.hidePopover();
    openDialog(dialog);
  }
  if (ev.target.closest('[data-close]')) ev.target.closest('dialog')?.close();
  if (ev.target instanceof HTMLDialogElement && pressedOutside(ev)) ev.target.close();
  closeSheet(ev);
});

function pressedOutside(ev) {
  const box = ev.target.getBoundingClientRect();
  return ev.clientX < box.left || ev.clientX > box.right || ev.clientY < box.top || ev.clientY > box.bottom;
}

function closeSheet(ev) {
  const closer = ev.target.closest('[data-close-sheet]');
  const sheet = closer?.closest('.sheet');
  if (!sheet) return;
  ev.preventDefault();
  if (closer.href) history.replaceState(history.state, '', closer.href);
  emptySheet(sheet);
}

export function emptySheet(sheet) {
  const row = $('[data-row][aria-selected=true]');
  sheet.replaceChildren();
  delete sheet.dataset.open;
  row?.setAttribute('aria-selected', 'false');
  $('a.name, a, button', row ?? undefined)?.focus();
}

document.addEventListener('htmx:afterSwap', ({ detail }) => {
  const { target } = detail;
  if (target.id === 'dialog') target.childElementCount ? openDialog(target) : target.close();
  if (target.id === 'sheet') target.toggleAttribute('data-open', target.childElementCount > 0);
});

// A decision taken in a dialog closes it, unless its answer is the dialog again (a form with errors).
document.addEventListener('htmx:afterRequest', ({ detail }) => {
  const dialog = detail.elt.closest?.('dialog[open]');
  const answeredHere = dialog && (detail.target === dialog || dialog.contains(detail.target));
  if (dialog && detail.successful && !answeredHere && detail.requestConfig.verb !== 'get') dialog.close();
});

document.addEventListener('htmx:oobAfterSwap', ({ detail }) => {
  const dialog = $('#dialog');
  if (detail.target.id === 'dialog' && dialog && !dialog.childElementCount) dialog.close();
});

// A closed #dialog forgets what was in it, so that the next one starts clean.
document.addEventListener('close', (ev) => {
  if (ev.target.contains(document.activeElement)) document.activeElement.blur(); // letters shall reach the page again
  if (ev.target.id === 'dialog') ev.target.replaceChildren();
  focusProblem();
}, true);

// A small popover stands below its button, or above it when there is no room.
document.addEventListener('toggle', (ev) => {
  const pop = ev.target;
  if (ev.newState !== 'open' || !pop.matches('.pop[popover]')) return;
  const box = $(`[popovertarget="${pop.id}"]`)?.getBoundingClientRect();
  if (box) place(pop, box);
}, true);

export function place(pop, box) {
  const { offsetWidth: width, offsetHeight: height } = pop;
  const below = box.bottom + 6;
  const top = below + height > innerHeight - 8 ? box.top - height - 6 : below;
  pop.style.top = `${Math.max(8, top)}px`;
  pop.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
}

$$('dialog[data-autoshow]').forEach(openDialog);
const showNewest = () => $$('.chart-scroll[data-end]').forEach((el) => {
  delete el.dataset.end; // once: whoever scrolled back stays there
  el.scrollLeft = el.scrollWidth;
});
showNewest();
document.addEventListener('htmx:afterSettle', showNewest);
