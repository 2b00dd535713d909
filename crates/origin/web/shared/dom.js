// Small words for what the pages do to their elements again and again.

/** @param {string} id @returns {any} */
export const element = (id) => document.getElementById(id);

/** Writes only what changed: screen readers and layout are left alone otherwise. */
export function text(target, value) {
  const node = typeof target === 'string' ? element(target) : target;
  if (node.textContent !== value) node.textContent = value;
}

export function attribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** An element of a class with a text in it. */
export function make(tag, className, words = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = words;
  return node;
}

/** Shows another symbol of the page's sprite in a button. */
export function icon(button, name) {
  attribute(button.querySelector('use'), 'href', `#i-${name}`);
}

/** Says something to whoever listens to the page: polite, and again even if it is the same. */
export function announce(words) {
  const node = element('announce');
  node.textContent = '';
  setTimeout(() => (node.textContent = words), 50);
}
