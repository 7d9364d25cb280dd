// Opening a notification marks it as read, and new ones wait behind a button: rows never move under the pointer.
import { $ } from './dom.js';

document.addEventListener('click', (ev) => {
  const link = ev.target.closest('[data-reads]');
  if (!link || !link.closest('[data-unread]')) return;
  const token = JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken'];
  fetch(link.dataset.reads, { method: 'POST', keepalive: true, headers: { 'X-CSRFToken': token, 'HX-Request': 'true' } })
    .catch(() => {}); // it stays new, which is no harm
});

document.addEventListener('tandem:live', ({ detail }) => {
  const button = $('[data-news]');
  if (button && detail.kind === 'notification') button.hidden = false;
});
