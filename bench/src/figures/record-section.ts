/**
 * Sections of docs/performance.md: each is written by one measurement and survives all the others.
 *
 * A section stands between `<!-- section NAME -->` and `<!-- /section NAME -->`; recording it again replaces what stands
 * between its markers, and a section that is new goes to the end. Text outside of all markers is written by hand.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const docsFolder = fileURLToPath(new URL('../../../docs', import.meta.url));
const documentPath = join(docsFolder, 'performance.md');
const SECTION_NAME = /^[a-z]+(-[a-z]+)*$/;
const FIRST_WORDS = `# Performance

Each figure is a ratio measured in one run on one machine, interleaved, as the median of several rounds with its spread.
\`npm run bench\` measures all of it anew and writes this page.
`;

/**
 * Writes a section, its own heading included.
 * @param name lower-case words with dashes
 */
export async function recordSection(name: string, markdown: string): Promise<void> {
  if (!SECTION_NAME.test(name)) throw new TypeError(`section name '${name}' is not lower-case words with dashes`);
  const before = await readFile(documentPath, 'utf8').catch(() => FIRST_WORDS);
  await mkdir(docsFolder, { recursive: true });
  await writeFile(documentPath, replaceSection(before, name, markdown));
}

/** The document with this section in place of the one of the same name. */
export function replaceSection(document: string, name: string, markdown: string): string {
  const opening = `<!-- section ${name} -->`;
  const closing = `<!-- /section ${name} -->`;
  const section = `${opening}\n${markdown.trim()}\n${closing}`;
  const start = document.indexOf(opening);
  const end = document.indexOf(closing, start);
  if (start === -1 || end === -1) return `${document.trimEnd()}\n\n${section}\n`;
  return document.slice(0, start) + section + document.slice(end + closing.length);
}

/** Writes docs/images/NAME.svg. @returns the address to use in a section */
export async function recordImage(name: string, svg: string): Promise<string> {
  const folder = join(docsFolder, 'images');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.svg`), svg);
  return `images/${name}.svg`;
}
