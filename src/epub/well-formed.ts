/**
 * Well-formed: would a conforming XML parser, such as the one inside most reading systems, take this document?
 *
 * libxml2 answers, compiled to WebAssembly; the tree itself is built elsewhere (xml.ts). Named characters are not judged
 * here: whether `&nbsp;` is known depends on the reader, and does not keep a book from opening in all of them.
 * Promise: nothing is fetched, no DTD is read (the caller blanked it out), memory is given back at once.
 */
import { ParseOption, XmlDocument, XmlParseError } from 'libxml2-wasm';

export type Flaw = { why: string; line: number | null; column: number | null; isTooDeep: boolean };

/** Warnings (a namespace that is no full address) are not flaws, yet the library would throw for them. */
const OPTIONS = { option: ParseOption.XML_PARSE_NOWARNING };

/** @param body the document without its DOCTYPE, positions kept @returns null when it is well-formed */
export function findFlaw(body: string): Flaw | null {
  // Blanks of the same length stand in for what is judged elsewhere: the declaration's encoding and named characters.
  const judged = body
    .replace(/^\ufeff?<\?xml\s[^>]*\?>/u, blank)
    .replaceAll(/&[\p{L}_:][\p{L}\p{N}._:-]{0,200};/gu, blank);
  try {
    XmlDocument.fromBuffer(Buffer.from(judged, 'utf8'), OPTIONS).dispose();
    return null;
  } catch (error) {
    if (!(error instanceof XmlParseError)) throw error;
    const first = error.details[0];
    const isTooDeep = error.details.some(({ message }) => /depth/iu.test(message));
    const why = (first?.message ?? 'it has no element').trim();
    return { why, line: first?.line ?? null, column: first?.col ?? null, isTooDeep };
  }
}

function blank(text: string): string {
  return text.replaceAll(/[^\n]/gu, ' ');
}
