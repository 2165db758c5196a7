/**
 * Hrefs: from a reference inside a document to a name inside the archive.
 *
 * Promise: a result never climbs out of the book, whatever dots or escapes the reference carries.
 */

export type Target =
  | { kind: 'LOCAL'; path: string; fragment: string | null }
  /** Outside the book: http, mailto, data … */
  | { kind: 'REMOTE' }
  /** Climbs out of the book or cannot be understood. */
  | { kind: 'BAD' };

/** @param base path of the document that holds the reference */
export function resolveHref(base: string, href: string): Target {
  const trimmed = href.trim();
  if (/^[a-z][a-z\d+.-]*:/iu.test(trimmed) || trimmed.startsWith('//')) return { kind: 'REMOTE' };
  const [beforeHash = '', ...afterHash] = trimmed.split('#');
  const fragment = afterHash.length > 0 ? afterHash.join('#') : null;
  let decoded: string;
  try {
    decoded = decodeURIComponent(beforeHash.split('?')[0] ?? '');
  } catch {
    return { kind: 'BAD' };
  }
  if (decoded === '') return { kind: 'LOCAL', path: base, fragment };
  const parts = decoded.startsWith('/') ? [] : base.split('/').slice(0, -1);
  for (const part of decoded.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return { kind: 'BAD' };
  }
  return { kind: 'LOCAL', path: parts.join('/'), fragment };
}
