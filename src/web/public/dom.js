// @ts-check
/**
 * Making elements. Promise: what comes from anywhere else is only ever text, never markup.
 *
 * @typedef {Node | string | number | null | undefined | false | Child[]} Child
 * @typedef {{ [name: string]: string | number | boolean | null | undefined | ((event: never) => unknown) }} Attributes
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes] a function is a listener (`onclick`); true is an empty attribute; null and false are none
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') listen(element, name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodesOf(children));
  return element;
}

/**
 * Like addEventListener, for what may take its time: it tells its own faults.
 * @param {Element} element @param {string} type @param {(event: never) => unknown} listener
 */
export function listen(element, type, listener) {
  element.addEventListener(type, (event) => void Reflect.apply(listener, element, [event]));
}

/** @param {Element} element @param {Child[]} children */
export function fill(element, ...children) {
  element.replaceChildren(...nodesOf(children));
}

/** @param {readonly Child[]} children @returns {(Node | string)[]} */
function nodesOf(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return [];
    if (Array.isArray(child)) return nodesOf(child);
    return typeof child === 'number' ? String(child) : child;
  });
}

/**
 * A link within the page. Only a path of our own or an http address becomes one.
 * @param {string} href @param {Child} words @param {Attributes} [attributes]
 */
export function link(href, words, attributes = {}) {
  const isSafe = href.startsWith('/app') || /^https?:\/\//i.test(href);
  return el('a', { href: isSafe ? href : null, ...attributes }, words);
}

export const pathOf = {
  book: (/** @type {string} */ id) => `/app/books/${encodeURIComponent(id)}`,
  order: (/** @type {string} */ id) => `/app/orders/${encodeURIComponent(id)}`,
  manuscript: (/** @type {string} */ id) => `/app/desk/${encodeURIComponent(id)}`,
};
