// Renewing the open lead in place: it stays scrolled where it was, keeps the focus, and never loses what is typed.
import { $, $$, isTyping } from './dom.js';

const PARTS = ['.lead-head', '.pane-body', '.actionbar'];

export function graft(lead, fresh) {
  const kept = isBusy(lead) ? '.pane-body' : '';
  const focused = lead.contains(document.activeElement) ? keyOf(document.activeElement) : null;
  PARTS.filter((part) => part !== kept).forEach((part) => replace(lead, fresh, part));
  lead.dataset.stamp = fresh.dataset.stamp;
  if (focused !== null && document.activeElement === document.body) refocus(lead, focused);
}

// Somebody writes here, or has written and not sent it.
export function isBusy(part) {
  const active = document.activeElement;
  return (part.contains(active) && isTyping(active)) || $$('input,textarea,select', part).some(isChanged);
}

function isChanged(field) {
  if (field.type === 'hidden') return false;
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected) && field.selectedIndex > 0;
  return field.value !== field.defaultValue;
}

function replace(lead, fresh, part) {
  const [old, made] = [$(part, lead), $(part, fresh)];
  if (made) keepLoaded(old, made);
  if (old && made) old.replaceWith(made);
  else if (made) lead.append(made);
  else old?.remove();
  if (made) window.htmx.process(made);
}

// What was fetched into the old part is moved into the new one, so that nothing blinks.
function keepLoaded(old, made) {
  for (const empty of $$('[hx-trigger=load]', made)) {
    const loaded = old && $(`[hx-trigger=load][hx-get="${CSS.escape(empty.getAttribute('hx-get'))}"]`, old);
    if (loaded) empty.replaceWith(loaded);
  }
}

export const keyOf = (el) => el.id ? `#${CSS.escape(el.id)}`
  : ['data-key', 'href', 'action'].filter((name) => el.hasAttribute(name)).map((name) => `[${name}="${CSS.escape(el.getAttribute(name))}"]`)[0] ?? '';

function refocus(lead, key) {
  const same = key && $(key, lead);
  (same || $('.pane-scroll', lead))?.focus({ preventScroll: true });
}
