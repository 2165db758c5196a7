/**
 * Chapter markup: from a tree that a stranger wrote to HTML of known elements and attributes.
 *
 * | In the book                          | On the page                                                    |
 * |--------------------------------------|----------------------------------------------------------------|
 * | an element of ELEMENTS               | the same, with its attributes of `attributesOf` and no other   |
 * | one of DROPPED (script, style, form fields, media, frames) | nothing, and nothing of what is in it     |
 * | `svg`                                | the pictures it frames, as `img`; its drawing is dropped       |
 * | any other                            | what is in it                                                  |
 * | text                                 | escaped text                                                   |
 *
 * No element of ELEMENTS holds raw text, so what is escaped here stays text however a browser mends the page.
 */
import { picturePath } from './chapter-pictures.ts';
import { resolveHref } from './href.ts';
import { countWords } from './plain-text.ts';
import { attributeByLocalName } from './xml.ts';
import type { XmlElement } from './xml.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

const ELEMENTS = words(
  'a abbr address article aside b bdi bdo blockquote br caption cite code col colgroup dd del dfn div dl dt em ' +
    'figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li main mark ol p pre q rp rt ruby s samp section ' +
    'small span strong sub sup table tbody td tfoot th thead time tr u ul var wbr ' +
    'math mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub ' +
    'msubsup msup mtable mtd mtext mtr munder munderover',
);
const VOID = words('br col hr wbr');
const DROPPED = words(
  'annotation annotation-xml applet area audio base canvas datalist embed frame frameset head iframe input link map ' +
    'meta meter noembed noframes noscript object optgroup option param plaintext portal progress script select slot ' +
    'source style template textarea title track video xmp',
);
const DIRECTIONS = words('ltr rtl auto');
const VALUE_LENGTH_MAX = 1_000;
const DEPTH_MAX = 300;

interface Rules {
  /** Path of the document, by which its references are resolved. */
  file: string;
  /** Places in the reading order. */
  chapterByPath: ReadonlyMap<string, number>;
  /** `data:` URIs by path. */
  pictures: ReadonlyMap<string, string>;
  wordsMax: number | null;
  sizeBytesMax: number;
  picturesLengthMax: number;
  /** Cuts a text by its share of words. */
  cut: (text: string, wordsWanted: number, wordCount: number) => string;
}

export class ChapterMarkup {
  cutBy: 'NONE' | 'WORDS' | 'SIZE' = 'NONE';
  readonly #rules: Rules;
  readonly #parts: string[] = [];
  #wordsLeft: number;
  #bytesLeft: number;
  #picturesLeft: number;

  constructor(rules: Rules) {
    this.#rules = rules;
    this.#wordsLeft = rules.wordsMax ?? Number.POSITIVE_INFINITY;
    this.#bytesLeft = rules.sizeBytesMax;
    this.#picturesLeft = rules.picturesLengthMax;
  }

  get text(): string {
    return this.#parts.join('');
  }

  /** Writes what is in an element; the parser capped how deep that goes. */
  add({ children }: XmlElement, depth = 0): void {
    for (const child of children) {
      if (this.cutBy !== 'NONE' || depth > DEPTH_MAX) return;
      if (typeof child === 'string') this.#addText(child);
      else this.#addElement(child, depth + 1);
    }
  }

  #addElement(element: XmlElement, depth: number): void {
    const name = element.name.toLowerCase();
    if (DROPPED.has(name) || element.attributes.has('hidden')) return;
    if (name === 'img') this.#addPicture(element);
    else if (name === 'svg') this.#addFramed(element, depth);
    else if (!ELEMENTS.has(name)) this.add(element, depth);
    else if (VOID.has(name)) this.#write(`<${name}${this.#attributesOf(name, element)}>`);
    else {
      this.#write(`<${name}${this.#attributesOf(name, element)}>`);
      if (this.cutBy !== 'NONE') return;
      this.add(element, depth);
      // Written even when the end was reached inside, so that the page is whole.
      this.#parts.push(`</${name}>`);
    }
  }

  #addText(text: string): void {
    const wordCount = countWords(text);
    if (wordCount <= this.#wordsLeft) {
      this.#wordsLeft -= wordCount;
      this.#write(escapeHtml(text));
      return;
    }
    if (this.#wordsLeft > 0) this.#write(escapeHtml(this.#rules.cut(text, this.#wordsLeft, wordCount)));
    this.cutBy = 'WORDS';
  }

  #write(markup: string): void {
    this.#bytesLeft -= Buffer.byteLength(markup);
    if (this.#bytesLeft < 0) this.cutBy = 'SIZE';
    else this.#parts.push(markup);
  }

  #addPicture(element: XmlElement): void {
    const path = picturePath(element, this.#rules.file);
    const uri = path === null ? undefined : this.#rules.pictures.get(path);
    const alt = element.attributes.get('alt') ?? element.attributes.get('title') ?? '';
    if (uri === undefined || uri.length > this.#picturesLeft) {
      if (alt.trim() !== '') this.#addText(` [${alt.slice(0, VALUE_LENGTH_MAX)}] `);
      return;
    }
    this.#picturesLeft -= uri.length;
    this.#write(`<img${attribute('alt', alt)}${this.#identity(element)} src="`);
    if (this.cutBy === 'NONE') this.#parts.push(uri, '">');
  }

  /** Covers are often a picture in a drawing's frame. */
  #addFramed(element: XmlElement, depth: number): void {
    if (depth > DEPTH_MAX) return;
    for (const child of element.children) {
      if (typeof child === 'string' || this.cutBy !== 'NONE') continue;
      if (child.name.toLowerCase() === 'image') this.#addPicture(child);
      else if (!DROPPED.has(child.name.toLowerCase())) this.#addFramed(child, depth + 1);
    }
  }

  #attributesOf(name: string, element: XmlElement): string {
    const { attributes } = element;
    const kept = [this.#identity(element), languageAttributes(element)];
    const number = (key: string) => {
      const value = attributes.get(key) ?? '';
      if (/^-?\d{1,4}$/u.test(value)) kept.push(attribute(key, value));
    };
    const title = attributes.get('title');
    if (title !== undefined) kept.push(attribute('title', title));
    if (name === 'a') kept.push(this.#linkOf(attributes.get('href')));
    if (name === 'td' || name === 'th') ['colspan', 'rowspan'].forEach(number);
    if (name === 'col' || name === 'colgroup') number('span');
    if (name === 'li') number('value');
    if (name === 'ol') {
      number('start');
      if (attributes.has('reversed')) kept.push(' reversed');
      const type = attributes.get('type') ?? '';
      if (/^[1aAiI]$/u.test(type)) kept.push(attribute('type', type));
    }
    if (name === 'math' && attributes.get('display') === 'block') kept.push(' display="block"');
    return kept.join('');
  }

  /** What a link inside the book may lead to. */
  #identity({ name, attributes }: XmlElement): string {
    const id = attributes.get('id') ?? (name === 'a' ? attributes.get('name') : undefined);
    return id === undefined || /\s/u.test(id) ? '' : attribute('id', id);
  }

  /** Only places of this book: a reader is never led out of it. */
  #linkOf(href: string | undefined): string {
    if (href === undefined) return '';
    const { file, chapterByPath } = this.#rules;
    const target = resolveHref(file, href);
    if (target.kind !== 'LOCAL') return '';
    const fragment = target.fragment === null ? '' : `#${target.fragment.slice(0, VALUE_LENGTH_MAX)}`;
    if (target.path === file) return fragment === '' ? '' : attribute('href', fragment);
    const index = chapterByPath.get(target.path);
    return index === undefined ? '' : attribute('href', `chapter:${index}${fragment}`);
  }
}

/** Language and direction of the first element that names them. */
export function languageAttributes(...elements: XmlElement[]): string {
  const first = (name: string) =>
    elements.map((element) => attributeByLocalName(element, name)).find((value) => value !== undefined);
  const language = first('lang') ?? '';
  const direction = (first('dir') ?? '').toLowerCase();
  return (
    (/^[a-z\d-]{1,50}$/iu.test(language) ? attribute('lang', language) : '') +
    (DIRECTIONS.has(direction) ? attribute('dir', direction) : '')
  );
}

const attribute = (name: string, value: string): string => ` ${name}="${escapeHtml(value.slice(0, VALUE_LENGTH_MAX))}"`;

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** @returns what stays text in an element and in a quoted attribute; control characters are left out */
export function escapeHtml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\P{Cc}\t\n\r]/gu, '')
    .replaceAll(/[&<>"'`]/gu, (sign) => ESCAPED[sign] ?? '');
}
