/**
 * DOCTYPE: what a document declares about itself before its first element, read without obeying any of it.
 *
 * Promise: no entity is expanded and nothing is fetched. Declared entities are only measured: one that would grow
 * beyond the cap, or that contains itself, is an attack ("billion laughs"), as is one that reads a file.
 */
import { XML_CAPS } from './caps.ts';

export type Doctype = {
  /** Plain text of the entities the document declares, fully resolved and within the cap. */
  entities: Map<string, string>;
  hasExternalEntity: boolean;
  /** The text with the DOCTYPE blanked out, line ends kept, so that positions stay true. */
  body: string;
};

export type DoctypeAttack = { attack: 'ENTITY_BOMB' | 'ENTITY_READS_FILE' };

const DECLARATION =
  /<!ENTITY\s+(?<parameter>%\s+)?(?<name>[^\s"'<>&]{1,200})\s+(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<external>SYSTEM|PUBLIC)\s(?<where>[^>]*))/gu;
const REFERENCE = /&(?<name>[^\s#;&]{1,200});/gu;

export function readDoctype(text: string): Doctype | DoctypeAttack {
  const start = findDoctype(text);
  if (start === -1) return { entities: new Map(), hasExternalEntity: false, body: text };
  const end = findEnd(text, start);
  const doctype = text.slice(start, end);
  const subsetStart = doctype.indexOf('[');
  const subset = subsetStart === -1 ? '' : doctype.slice(subsetStart).replaceAll(/<!--[\s\S]*?-->/gu, ' ');
  if (subset.length > XML_CAPS.internalSubsetLengthMax) return { attack: 'ENTITY_BOMB' };
  const declared = readDeclarations(subset);
  if ('attack' in declared) return declared;
  const entities = resolveAll(declared.values);
  if (entities === null) return { attack: 'ENTITY_BOMB' };
  const body = text.slice(0, start) + doctype.replaceAll(/[^\n]/gu, ' ') + text.slice(end);
  return { entities, hasExternalEntity: declared.hasExternal, body };
}

function readDeclarations(subset: string): { values: Map<string, string>; hasExternal: boolean } | DoctypeAttack {
  const values = new Map<string, string>();
  let hasExternal = false;
  for (const { groups } of subset.matchAll(DECLARATION)) {
    const { parameter, name = '', double, single, external, where = '' } = groups ?? {};
    if (external !== undefined) {
      if (/["'](?:file:|\/|[a-z]:\\)/iu.test(where)) return { attack: 'ENTITY_READS_FILE' };
      hasExternal = true;
    } else if (parameter === undefined && !values.has(name)) {
      values.set(name, double ?? single ?? '');
    }
    if (values.size > XML_CAPS.entityDeclarationCountMax) return { attack: 'ENTITY_BOMB' };
  }
  return { values, hasExternal };
}

/** @returns null when an entity contains itself or grows beyond the cap */
function resolveAll(values: Map<string, string>): Map<string, string> | null {
  const resolved = new Map<string, string>();
  const underWay = new Set<string>();
  const resolve = (name: string, value: string): string | null => {
    const known = resolved.get(name);
    if (known !== undefined) return known;
    if (underWay.has(name)) return null;
    underWay.add(name);
    let result = '';
    let at = 0;
    for (const match of value.matchAll(REFERENCE)) {
      const inner = values.get(match.groups?.['name'] ?? '');
      const text = inner === undefined ? match[0] : resolve(match.groups?.['name'] ?? '', inner);
      if (text === null) return null;
      result += value.slice(at, match.index) + text;
      at = match.index + match[0].length;
      if (result.length > XML_CAPS.entityExpansionLengthMax) return null;
    }
    result += value.slice(at);
    if (result.length > XML_CAPS.entityExpansionLengthMax) return null;
    underWay.delete(name);
    resolved.set(name, result);
    return result;
  };
  for (const [name, value] of values) if (resolve(name, value) === null) return null;
  return resolved;
}

/** Only white space, comments and instructions may stand before a DOCTYPE. */
function findDoctype(text: string): number {
  let at = 0;
  for (;;) {
    while (/\s/u.test(text.charAt(at))) at += 1;
    const closing = text.startsWith('<?', at) ? '?>' : text.startsWith('<!--', at) ? '-->' : null;
    if (closing === null) break;
    const end = text.indexOf(closing, at);
    if (end === -1) return -1;
    at = end + closing.length;
  }
  return text.slice(at, at + 9).toUpperCase() === '<!DOCTYPE' ? at : -1;
}

function findEnd(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === '"' || char === "'") {
      const close = text.indexOf(char, at + 1);
      if (close === -1) return text.length;
      at = close;
    } else if (text.startsWith('<!--', at)) {
      const close = text.indexOf('-->', at);
      if (close === -1) return text.length;
      at = close + 2;
    } else if (char === '<') depth += 1;
    else if (char === '>') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
    at += 1;
  }
  return text.length;
}
