// Theme and row height at once, kept in the cookie the server reads. Without script the form posts.
import { $$, say } from './dom.js';

const YEAR = 365 * 24 * 3600;

document.addEventListener('submit', (ev) => {
  const form = ev.target.closest('[data-appearance]');
  const button = ev.submitter;
  if (!form || !button?.name) return;
  ev.preventDefault();
  const { name, value } = button;
  if (value) document.documentElement.dataset[name] = value;
  else delete document.documentElement.dataset[name];
  document.cookie = `${name}=${value};path=/;max-age=${YEAR};samesite=lax${location.protocol === 'https:' ? ';secure' : ''}`;
  $$(`button[name="${name}"]`, form).forEach((b) => b.setAttribute('aria-pressed', b === button));
  say(`${button.textContent.trim()} it is.`);
});
