/** Stage `publish.extract`: reads out of the book what a shop shows of it; covers and text go into the blob storage. */
import { CALM_PATIENCE_MS, childPlaces } from '../../child-processes/index.ts';
import { type ExtractedBook, extract, type Fault } from '../../epub/index.ts';
import { bookExtracted } from '../../events/index.ts';
import type { BlobStorage } from '../../ports/storage/blob-storage.ts';
import { advance, type StageContext, type StageInput } from '../../streams/index.ts';
import type { Extracted } from '../../db/books.ts';
import type { ConsumerServices } from '../services.ts';
import { at, changeRevision, type EditionPayload, mergeReport, readFile, readRevision } from './revision.ts';
import { withLocalFile } from '../../ports/storage/local-file.ts';

const READ_TIMEOUT_MS = 60_000;
/** Before it begins, a book of the other stage may take its whole time in the same place. */
export const EXTRACT_TIMEOUT_MS = 2 * (READ_TIMEOUT_MS + CALM_PATIENCE_MS) + 30_000;
const COVER_SIZE_BYTES_MAX = 8 * 1024 * 1024;
const TEXT_SIZE_BYTES_MAX = 4 * 1024 * 1024;

export async function extractBook({ payload }: StageInput<EditionPayload>, context: StageContext<ConsumerServices>) {
  const { services, clock, signal } = context;
  const file = await readFile(services.db, payload.revisionId);
  const read = (path: string) => extract(path, { timeoutMs: READ_TIMEOUT_MS, signal });
  const book = await childPlaces.take(() => withLocalFile(services, file.storageKey, signal, read), signal);
  const covers = await storeCovers(services.storage, payload.revisionId, book);
  await services.storage.put(textKey(payload.revisionId), Buffer.from(book.plainText), {
    contentType: 'text/plain; charset=utf-8',
    sizeBytesMax: TEXT_SIZE_BYTES_MAX,
    signal,
  });
  const { revision } = await readRevision(services.db, payload.revisionId);
  const [bookLanguage] = book.languages;
  const change = {
    status: 'DEDUPING' as const,
    extracted: toExtracted(book, covers),
    contentHash: book.contentHash,
    report: mergeReport(revision.report, notesOf(book, revision.language)),
    // Only what the author left open is taken from the book, and the report says so.
    ...(revision.language === null && bookLanguage !== undefined && { language: bookLanguage }),
  };
  return advance(bookExtracted.of(at(payload, 'DEDUPING')), (tx) =>
    changeRevision(tx, payload.revisionId, change, clock.now()),
  );
}

/** Where the beginning of a revision's text is kept, for the enricher. */
export const textKey = (revisionId: string): string => `texts/${revisionId}.txt`;

type StoredCover = Extracted['covers'][number];

async function storeCovers(storage: BlobStorage, revisionId: string, book: ExtractedBook): Promise<StoredCover[]> {
  const stored: StoredCover[] = [];
  for (const { widthPx, heightPx, mediaType, bytes } of book.cover?.renditions ?? []) {
    const storageKey = `covers/${revisionId}/${widthPx}.jpg`;
    await storage.put(storageKey, bytes, { contentType: mediaType, sizeBytesMax: COVER_SIZE_BYTES_MAX });
    stored.push({ width: widthPx, height: heightPx, storageKey, mediaType });
  }
  return stored;
}

function toExtracted(book: ExtractedBook, covers: StoredCover[]): Extracted {
  return {
    title: book.title,
    contributors: book.contributors.map(({ name, role }) => ({ name, role })),
    languages: book.languages,
    tableOfContents: book.toc.map(toChapter),
    wordCount: book.wordCount,
    layout: book.layout,
    direction: book.pageProgression,
    epubVersion: book.epubVersion,
    accessibility: {
      accessModes: book.accessibility.accessModes,
      features: book.accessibility.features,
      hazards: book.accessibility.hazards,
      summary: book.accessibility.summary,
      conformsTo: book.accessibility.conformsTo,
    },
    sample: book.sample,
    chapters: book.chapters,
    covers,
    sha256: book.fileSha256,
  };
}

type Chapter = Extracted['tableOfContents'][number];

const toChapter = ({ title, children }: ExtractedBook['toc'][number]): Chapter => ({
  label: title,
  children: children.map(toChapter),
});

function notesOf(book: ExtractedBook, authorsLanguage: string | null): Fault[] {
  const notes = book.notes.map((message) => note('NOT_READ', message));
  const [language] = book.languages;
  if (authorsLanguage === null && language !== undefined) {
    notes.push(note('LANGUAGE_FROM_BOOK', `You named no language, so the book's own (${language}) is shown.`));
  }
  if (authorsLanguage !== null && language !== undefined && primary(authorsLanguage) !== primary(language)) {
    notes.push(
      note(
        'LANGUAGE_DIFFERS',
        `You say the book is in "${authorsLanguage}", the file says "${language}". Yours is shown.`,
      ),
    );
  }
  return notes;
}

const primary = (tag: string) => tag.split('-', 1)[0]?.toLowerCase();

const note = (code: string, message: string): Fault => ({
  code,
  severity: 'INFO',
  file: null,
  line: null,
  column: null,
  message,
});
