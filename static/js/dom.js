// The few words every module needs.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

export const visible = (el) => el.checkVisibility?.({ visibilityProperty: true }) ?? el.offsetParent !== null;

const WRITTEN_IN = 'input:not([type=checkbox],[type=radio],[type=range]),textarea,select,[contenteditable]';
export const isTyping = (target) => Boolean(target.closest?.(WRITTEN_IN));

// What a control says, without the key printed on it.
export function wordsOf(el) {
  if (el.ariaLabel) return el.ariaLabel;
  const copy = el.cloneNode(true);
  $$('kbd,svg,.sr,.count,.av', copy).forEach((part) => part.remove());
  return copy.textContent.replace(/\s+/g, ' ').trim();
}

export function element(name, attributes = {}, ...children) {
  const el = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  el.append(...children);
  return el;
}

// The line only screen readers hear.
export function say(words) {
  const line = $('#status');
  if (line) line.textContent = words;
}
