/**
 * Builder: makes a valid EPUB 3.3 from a description, for tests, demos and authors who bring text only.
 *
 * Promise: the same description gives the same bytes at every time and in every time zone (packing and drawing are
 * zlib's and sharp's, so the bytes hold for one version of those).
 * Not here: reading books.
 */
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import yazl from 'yazl';
import type { ContainerFile } from './build-documents.ts';
import {
  chapterDocument,
  chapterName,
  containerXml,
  navDocument,
  ncxDocument,
  opfDocument,
} from './build-documents.ts';

export type BuildChapter = {
  title: string;
  /** Plain text, one paragraph each. */
  paragraphs: readonly string[];
  /** XHTML placed after the paragraphs as it is; the caller answers for it. */
  bodyXhtml?: string;
};

export type BuildContributor = { name: string; role?: string; sortName?: string };

export type BuildCover = { background: string; band: string; widthPx?: number; heightPx?: number };

export type BuildSpec = {
  title: string;
  subtitle?: string;
  contributors?: readonly BuildContributor[];
  /** BCP 47. */
  language: string;
  /** (Default: a UUID made from title and language) */
  identifier?: string;
  isbn?: string;
  publisher?: string;
  description?: string;
  subjects?: readonly string[];
  rights?: string;
  publishedOn?: string;
  layout?: 'REFLOWABLE' | 'PRE_PAGINATED';
  pageProgression?: 'LTR' | 'RTL' | 'DEFAULT';
  chapters: readonly BuildChapter[];
  /** A picture of one's own (JPEG) or two colours to draw one from; none if absent. */
  cover?: BuildCover | Buffer;
  /** Adds an NCX for EPUB 2 readers. (Default: false) */
  hasNcx?: boolean;
  accessibilitySummary?: string;
  /** (Default: 2020-01-01T00:00:00Z) */
  modifiedAt?: Date;
};

const FIXED_DATE = new Date('2020-01-01T00:00:00Z');
/** DOS time knows no zone: the parts of this date are what is written, wherever it runs. */
const ENTRY_TIME = new Date(2020, 0, 1);
const COVER_WIDTH_PX = 800;
const COVER_HEIGHT_PX = 1_200;

/** @returns the .epub */
export async function buildEpub(spec: BuildSpec): Promise<Buffer> {
  const cover = spec.cover === undefined ? null : await drawCover(spec.cover);
  const book = {
    ...spec,
    identifier: spec.identifier ?? makeIdentifier(spec),
    modifiedAt: spec.modifiedAt ?? FIXED_DATE,
    hasCover: cover !== null,
  };
  const files: ContainerFile[] = [
    { name: 'META-INF/container.xml', content: containerXml() },
    { name: 'EPUB/package.opf', content: opfDocument(book) },
    { name: 'EPUB/nav.xhtml', content: navDocument(book) },
    ...spec.chapters.map((chapter, index) => ({
      name: `EPUB/${chapterName(index)}`,
      content: chapterDocument(chapter, spec.language),
    })),
  ];
  if (spec.hasNcx === true) files.push({ name: 'EPUB/toc.ncx', content: ncxDocument(book) });
  if (cover !== null) files.push({ name: 'EPUB/cover.jpg', content: cover });
  return await packEpub(files);
}

/** Zips files as an EPUB: `mimetype` first, stored, without extra field. */
async function packEpub(files: readonly ContainerFile[]): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  const options = { mtime: ENTRY_TIME, forceDosTimestamp: true, mode: 0o100644 };
  zip.addBuffer(Buffer.from('application/epub+zip'), 'mimetype', { ...options, compress: false });
  for (const { name, content } of files) zip.addBuffer(Buffer.from(content), name, { ...options, compress: true });
  zip.end();
  return await buffer(zip.outputStream);
}

async function drawCover(cover: BuildCover | Buffer): Promise<Buffer> {
  if (Buffer.isBuffer(cover)) return cover;
  const width = cover.widthPx ?? COVER_WIDTH_PX;
  const height = cover.heightPx ?? COVER_HEIGHT_PX;
  const band = await sharp({
    create: { width, height: Math.ceil(height / 4), channels: 3, background: cover.band },
  })
    .png()
    .toBuffer();
  return await sharp({ create: { width, height, channels: 3, background: cover.background } })
    .composite([{ input: band, top: Math.floor(height / 4), left: 0 }])
    .jpeg({ quality: 80 })
    .toBuffer();
}

/** A UUID that says the same for the same book (version 8: made by its own rule). */
function makeIdentifier({ title, language }: BuildSpec): string {
  const hex = createHash('sha256').update(`${title}\n${language}`).digest('hex');
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
