// The inbox on a narrow screen shows the list or one lead; on any screen the open lead is marked in the list.
import { $, $$ } from './dom.js';

document.addEventListener('click', (ev) => {
  const panes = $('#panes');
  if (!panes || ev.metaKey || ev.ctrlKey) return;
  const row = ev.target.closest('.triage a');
  if (row) {
    $$('.triage a[aria-current]').forEach((other) => other.removeAttribute('aria-current'));
    row.setAttribute('aria-current', 'true');
    panes.dataset.view = 'detail';
  }
  if (ev.target.closest('[data-back]')) {
    ev.preventDefault();
    delete panes.dataset.view;
    $('.triage a[aria-current]')?.focus();
  }
});
