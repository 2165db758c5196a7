/**
 * Puts cleaned books into the catalogue: published, priced, without a file.
 *
 * Promise: one transaction a batch; a book that is there (by its import key) is left as it is, so that a broken import can
 * be run again; of two editions with one ISBN only the first on sale keeps it.
 */
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Price } from '../db/books.ts';
import type { Db, Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { contributors, editions, prices, revisions, users, works } from '../db/tables/index.ts';
import type { CleanBook, Note } from './clean-book.ts';
import { ImportError } from './errors.ts';

const IMPORTER_ID = '00000000-0000-7000-8000-696d706f7274';
const IMPORTER_EMAIL = 'importer@booky-hub.invalid';

export interface Target {
  db: Db;
  ownerId: string;
  /** Stands before the book_id in the import key: `goodbooks`. */
  source: string;
  price: Price;
  now: Date;
}

export interface Stored {
  added: number;
  /** Were there before. */
  present: number;
  notes: Note[];
}

/**
 * The account that imported editions belong to: an existing one by its e-mail, else one that nobody can sign in to.
 * @throws ImportError IMPORT_OWNER
 */
export async function findOwner(db: Db, email: string | null): Promise<string> {
  if (email !== null) {
    const [owner] = await db.select({ id: users.id }).from(users).where(eq(users.email, email.toLowerCase()));
    if (owner) return owner.id;
    throw new ImportError('IMPORT_OWNER', `There is no account with the e-mail ${email}. Sign it up first.`);
  }
  const importer = { id: IMPORTER_ID, name: 'Imported books', email: IMPORTER_EMAIL, role: 'AUTHOR' as const };
  await db.insert(users).values(importer).onConflictDoNothing();
  const [owner] = await db.select({ id: users.id }).from(users).where(eq(users.id, IMPORTER_ID));
  if (owner) return owner.id;
  throw new ImportError(
    'IMPORT_OWNER',
    `Somebody else has the e-mail ${IMPORTER_EMAIL}. Name an account with --owner.`,
  );
}

/** Stores a batch in one transaction. */
export function storeBooks(target: Target, books: readonly CleanBook[]): Promise<Stored> {
  return target.db.transaction(async (tx) => {
    // Two imports at once take turns, batch by batch.
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('import', 0))`);
    const fresh = await withoutPresent(tx, target, books);
    const notes = await dropTakenIsbns(tx, fresh);
    if (fresh.length > 0) await insertBooks(tx, target, fresh);
    return { added: fresh.length, present: books.length - fresh.length, notes };
  });
}

const keyOf = ({ source }: Target, { bookId }: CleanBook) => `${source}:${bookId}`;

async function withoutPresent(tx: Tx, target: Target, books: readonly CleanBook[]): Promise<CleanBook[]> {
  const keys = books.map((book) => keyOf(target, book));
  const rows = await tx.select({ key: editions.importKey }).from(editions).where(inArray(editions.importKey, keys));
  const present = new Set(rows.map(({ key }) => key));
  return books.filter((book) => !present.has(keyOf(target, book))).map((book) => ({ ...book }));
}

/** One edition on sale per ISBN: whoever comes later is imported without. */
async function dropTakenIsbns(tx: Tx, books: CleanBook[]): Promise<Note[]> {
  const isbns = books.flatMap(({ isbn13 }) => (isbn13 === null ? [] : [isbn13]));
  if (isbns.length === 0) return [];
  const rows = await tx
    .select({ isbn13: editions.isbn13 })
    .from(editions)
    .where(and(inArray(editions.isbn13, isbns), eq(editions.saleStatus, 'PUBLISHED')));
  const taken = new Set(rows.map(({ isbn13 }) => isbn13));
  const notes: Note[] = [];
  for (const book of books) {
    if (book.isbn13 === null) continue;
    if (taken.has(book.isbn13)) {
      const reason = 'another edition on sale has this ISBN, so this one was imported without';
      notes.push({ row: book.row, column: 'isbn', value: book.isbn13, action: 'DROPPED', reason });
      book.isbn13 = null;
    } else taken.add(book.isbn13);
  }
  return notes;
}

async function insertBooks(tx: Tx, target: Target, books: readonly CleanBook[]): Promise<void> {
  const { ownerId, price, now } = target;
  const made = books.map((book) => ({ book, workId: newId(), editionId: newId(), revisionId: newId() }));
  const times = { createdAt: now, updatedAt: now };
  await tx
    .insert(works)
    .values(made.map(({ book, workId }) => ({ id: workId, ownerId, title: book.workTitle, createdAt: now })));
  await tx.insert(editions).values(
    made.map(({ book, workId, editionId }) => ({
      id: editionId,
      workId,
      ownerId,
      isbn13: book.isbn13,
      importKey: keyOf(target, book),
      ratingAverage: book.ratingAverage,
      ratingCount: book.ratingCount,
      ...times,
    })),
  );
  await tx.insert(revisions).values(
    made.map(({ book, editionId, revisionId }) => ({
      id: revisionId,
      editionId,
      number: 1,
      status: 'PUBLISHED' as const,
      title: book.title,
      ...times,
      language: book.language,
      publicationYear: book.publicationYear,
      seriesName: book.series?.name ?? null,
      seriesPosition: book.series?.position ?? null,
    })),
  );
  const makers = made.flatMap(({ book, revisionId }) =>
    book.contributors.map(({ name, role }, position) => ({ revisionId, position, name, role })),
  );
  if (makers.length > 0) await tx.insert(contributors).values(makers);
  await tx.insert(prices).values(made.map(({ editionId }) => ({ editionId, ...price })));
  await tx.execute(sql`
    update edition e set live_revision_id = r.id, sale_status = 'PUBLISHED', published_at = ${now.toISOString()}::timestamptz
    from revision r
    where r.edition_id = e.id and e.id in ${made.map(({ editionId }) => editionId)}`);
}
