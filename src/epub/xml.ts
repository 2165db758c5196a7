/**
 * XML: bytes to a tree of elements, guarded.
 *
 * Promise: no entity of a DTD is ever expanded by the parser, nothing is fetched, depth and size are capped, and a
 * malformed document gives a fault with its line, never an exception. Text is decoded once, after the tree stands.
 * Not here: what the elements mean.
 */
import { ALL_ENTITIES } from '@nodable/entities';
import { XMLParser } from 'fast-xml-parser';
import { XML_CAPS } from './caps.ts';
import { readDoctype } from './doctype.ts';
import { makeFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { findFlaw } from './well-formed.ts';

export type XmlElement = {
  /** Without its namespace prefix. */
  name: string;
  /** By the name as written, prefix included. */
  attributes: ReadonlyMap<string, string>;
  children: (XmlElement | string)[];
};

export type XmlResult =
  | { ok: true; root: XmlElement; hasUnknownEntity: boolean; hasExternalEntity: boolean }
  | { ok: false; isHostile: boolean; fault: Fault };

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  textNodeName: '#text',
  cdataPropName: '#cdata',
  trimValues: false,
  parseTagValue: false,
  parseAttributeValue: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: XML_CAPS.nestingDepthMax,
});

/** @param file path inside the book, for the fault */
export function parseXml(bytes: Buffer, file: string): XmlResult {
  if (bytes.length > XML_CAPS.documentSizeBytesMax) {
    const message = `${file} has ${bytes.length} bytes; ${XML_CAPS.documentSizeBytesMax} are allowed. Split it.`;
    return { ok: false, isHostile: false, fault: makeFault('XML_TOO_LARGE', 'ERROR', message, { file }) };
  }
  const text = decodeText(bytes);
  if (text === null) {
    const message = `${file} is not written in the character encoding it declares. Save it as UTF-8.`;
    return { ok: false, isHostile: false, fault: makeFault('XML_ENCODING', 'ERROR', message, { file }) };
  }
  const doctype = readDoctype(text);
  if ('attack' in doctype) {
    const message =
      doctype.attack === 'ENTITY_BOMB'
        ? `${file} declares entities that grow without end.`
        : `${file} declares an entity that reads a file of whoever opens it.`;
    return { ok: false, isHostile: true, fault: makeFault(doctype.attack, 'ERROR', message, { file }) };
  }
  const flaw = findFlaw(doctype.body);
  if (flaw?.isTooDeep === true) return tooDeep(file);
  if (flaw !== null) return malformed(file, `${flaw.why}.`, flaw.line, flaw.column);
  return buildTree(doctype.body, doctype.entities, doctype.hasExternalEntity, file);
}

function buildTree(body: string, entities: Map<string, string>, hasExternalEntity: boolean, file: string): XmlResult {
  let raw: unknown;
  try {
    raw = parser.parse(body);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return /nested/iu.test(why) ? tooDeep(file) : malformed(file, why, null, null);
  }
  const decoder = new TextEntities(entities);
  const root = convert(raw, decoder);
  if (root === null) return malformed(file, 'it has no element', null, null);
  return { ok: true, root, hasUnknownEntity: decoder.hasUnknown, hasExternalEntity };
}

function tooDeep(file: string): XmlResult {
  const message = `${file} nests elements more than ${XML_CAPS.nestingDepthMax} deep; readers crash on that.`;
  return { ok: false, isHostile: true, fault: makeFault('XML_TOO_DEEP', 'ERROR', message, { file }) };
}

function malformed(file: string, why: string, line: number | null, column: number | null): XmlResult {
  const message = `${file} is not well-formed XML: ${why} Mend it there; many readers show an error page instead of it.`;
  return { ok: false, isHostile: false, fault: makeFault('XML_MALFORMED', 'ERROR', message, { file, line, column }) };
}

/** BOM first, then what the XML declaration says, then UTF-8, as the XML standard has it. */
function decodeText(bytes: Buffer): string | null {
  let label = 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) label = 'utf-16le';
  else if (bytes[0] === 0xfe && bytes[1] === 0xff) label = 'utf-16be';
  else
    label =
      /^\s*<\?xml[^>]*?encoding\s*=\s*["'](?<label>[\w.-]+)["']/u.exec(bytes.toString('latin1', 0, 200))?.[1] ?? label;
  // A declaration that could be read as bytes cannot be true when it says UTF-16.
  if (/^utf-?16$/iu.test(label) && bytes[0] === 0x3c) label = 'utf-8';
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Decodes references of one document: numbers, the HTML names, and what its DOCTYPE declares, each once. */
class TextEntities {
  hasUnknown = false;
  readonly #declared: Map<string, string>;

  constructor(declared: Map<string, string>) {
    this.#declared = declared;
  }

  decode(text: string): string {
    if (!text.includes('&')) return text;
    return text.replaceAll(/&(?<name>#x[\da-f]{1,6}|#\d{1,7}|[^\s#;&<]{1,200});/giu, (whole, name: string) => {
      if (name.startsWith('#')) return fromNumber(name) ?? whole;
      const declared = this.#declared.get(name);
      if (declared !== undefined) return stripMarkup(declared);
      if (Object.hasOwn(ALL_ENTITIES, name)) return ALL_ENTITIES[name] ?? whole;
      this.hasUnknown = true;
      return whole;
    });
  }
}

function fromNumber(name: string): string | null {
  const code = /^#x/iu.test(name) ? Number.parseInt(name.slice(2), 16) : Number.parseInt(name.slice(1), 10);
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return null;
  return String.fromCodePoint(code);
}

/** An entity may declare markup; its words are enough here. */
function stripMarkup(value: string): string {
  return value.replaceAll(/<[^>]*>/gu, '');
}

/** Turns the parser's shape into ours, without recursion: the depth is a stranger's choice. */
function convert(raw: unknown, decoder: TextEntities): XmlElement | null {
  const top: XmlElement = { name: '', attributes: new Map(), children: [] };
  const work: { source: unknown; into: XmlElement }[] = [{ source: raw, into: top }];
  for (let job = work.pop(); job !== undefined; job = work.pop()) {
    if (!Array.isArray(job.source)) continue;
    const nodes: unknown[] = job.source;
    for (const node of nodes) {
      if (typeof node !== 'object' || node === null) continue;
      for (const [key, value] of Object.entries(node)) {
        if (key === ':@') continue;
        if (key === '#text') job.into.children.push(decoder.decode(String(value)));
        else if (key === '#cdata') job.into.children.push(cdataText(value));
        else {
          const attributes = readAttributes(':@' in node ? node[':@'] : null, decoder);
          const element: XmlElement = { name: localName(key), attributes, children: [] };
          job.into.children.push(element);
          work.push({ source: value, into: element });
        }
      }
    }
    // The parser's nodes go as ours come: both trees at once would double the memory.
    nodes.length = 0;
  }
  return top.children.find((child) => typeof child !== 'string') ?? null;
}

function cdataText(value: unknown): string {
  const first: unknown = Array.isArray(value) ? value[0] : null;
  return typeof first === 'object' && first !== null && '#text' in first ? String(first['#text']) : '';
}

/** Most elements have none; one map for all of them keeps a large chapter small. */
const NO_ATTRIBUTES: ReadonlyMap<string, string> = new Map();

function readAttributes(source: unknown, decoder: TextEntities): ReadonlyMap<string, string> {
  if (typeof source !== 'object' || source === null) return NO_ATTRIBUTES;
  const attributes = new Map<string, string>();
  for (const [key, value] of Object.entries(source)) attributes.set(key, decoder.decode(String(value)));
  return attributes;
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** The value of an attribute whatever prefix its author bound: `role` finds `opf:role`. */
export function attributeByLocalName(element: XmlElement, name: string): string | undefined {
  for (const [key, value] of element.attributes) if (localName(key) === name) return value;
  return undefined;
}

/** The child elements, all of them or those of one name. */
export function childElements(element: XmlElement, name?: string): XmlElement[] {
  return element.children.filter(
    (child): child is XmlElement => typeof child !== 'string' && (name === undefined || child.name === name),
  );
}

export function firstChild(element: XmlElement, name: string): XmlElement | undefined {
  return childElements(element, name)[0];
}

/** Elements of one name (or all) below, in document order. */
export function* descendants(element: XmlElement, name?: string): Generator<XmlElement> {
  const stack: (XmlElement | string)[] = [];
  pushReversed(stack, element.children);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === 'string') continue;
    if (name === undefined || next.name === name) yield next;
    pushReversed(stack, next.children);
  }
}

/** A spread would put every child on the call stack; there may be a hundred thousand. */
export function pushReversed<T>(stack: T[], items: readonly T[]): void {
  for (let index = items.length - 1; index >= 0; index -= 1) {
    const item = items[index];
    if (item !== undefined) stack.push(item);
  }
}

/** All text below, with white space folded to single spaces. */
export function textOf(element: XmlElement): string {
  const parts: string[] = [];
  const stack: (XmlElement | string)[] = [element];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === 'string') parts.push(next);
    else pushReversed(stack, next.children);
  }
  return parts.join('').replaceAll(/\s+/gu, ' ').trim();
}
