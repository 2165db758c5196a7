// @ts-check
/** The cover of a book, in a box that never changes its size; drawn from the title where there is none. */
import { el } from './dom.js';
import { makersOf } from './words.js';

const HUES = 8;

/**
 * @param {{ title: string, contributors: readonly { name: string, role: string }[], covers: readonly { url: string, width: number, height: number }[] }} book
 * @param {{ widthPx: number, isLazy?: boolean }} options as shown
 */
export function cover({ title, contributors, covers }, { widthPx, isLazy = true }) {
  const [first] = covers;
  if (!first) {
    return el(
      'div',
      { class: `cover drawn hue-${hueOf(title)}`, 'aria-hidden': 'true' },
      el('span', { class: 'drawn-title' }, title),
      el('span', { class: 'drawn-maker' }, makersOf(contributors)),
    );
  }
  const set = covers.map(({ url, width }) => `${url} ${width}w`).join(', ');
  const image = el('img', {
    src: first.url,
    srcset: set,
    sizes: `${widthPx}px`,
    width: first.width,
    height: first.height,
    alt: '',
    loading: isLazy ? 'lazy' : 'eager',
    decoding: 'async',
  });
  const box = el('div', { class: 'cover' }, image);
  image.addEventListener('error', () => box.replaceWith(cover({ title, contributors, covers: [] }, { widthPx })), {
    once: true,
  });
  return box;
}

/** @param {string} title */
function hueOf(title) {
  let sum = 0;
  for (const sign of title) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 65_521;
  return sum % HUES;
}
