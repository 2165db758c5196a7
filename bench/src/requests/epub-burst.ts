/** A burst of books to be published: stored and drafted beforehand, all handed in at once. */
import { join } from 'node:path';
import { createDraft, updateDraft } from '../../../src/db/books.ts';
import type { Database } from '../../../src/db/client.ts';
import { submitEdition } from '../../../src/db/edition-states.ts';
import { createFile, markStored } from '../../../src/db/files.ts';
import { newId } from '../../../src/db/tables/columns.ts';
import { users } from '../../../src/db/tables/index.ts';
import { buildEpub } from '../../../src/epub/build.ts';
import { editionSubmitted } from '../../../src/events/index.ts';
import { createFolderStorage } from '../../../src/ports/storage/folder-storage.ts';
import { appendEvents } from '../../../src/streams/index.ts';

const CHAPTERS = 20;
const PARAGRAPHS = 40;

export interface Burst {
  /** Hands all of them in. */
  submit(): Promise<void>;
  /** How many were validated or refused by now, and how many are on sale. */
  progress(): Promise<{ validated: number; published: number }>;
}

export async function prepareBurst(database: Database, dataDir: string, count: number): Promise<Burst> {
  const { db, sql } = database;
  const ownerId = newId();
  await db.insert(users).values({ id: ownerId, name: 'Author', email: `${ownerId}@example.org`, role: 'AUTHOR' });
  const storage = createFolderStorage({ folderPath: join(dataDir, 'files') });
  const editionIds: string[] = [];
  for (let at = 0; at < count; at++) editionIds.push(await prepareBook(database, storage, ownerId, at));
  return {
    submit: async () => {
      const now = new Date();
      for (const editionId of editionIds) {
        await db.transaction(async (tx) => {
          const change = await submitEdition(tx, { editionId, ownerId, now });
          await appendEvents(tx, [editionSubmitted.of(change)], { now, shards: 1 });
        });
      }
    },
    progress: async () => {
      const [row] = await sql<{ validated: number; published: number }[]>`
        select count(*) filter (where r.status not in ('DRAFT','SUBMITTED','CHECKING_METADATA','SCANNING_FILE','VALIDATING'))::int as validated,
               count(*) filter (where r.status = 'PUBLISHED')::int as published
        from revision r join edition e on e.id = r.edition_id where e.owner_id = ${ownerId}`;
      return row ?? { validated: 0, published: 0 };
    },
  };
}

async function prepareBook(
  { db }: Database,
  storage: ReturnType<typeof createFolderStorage>,
  ownerId: string,
  at: number,
): Promise<string> {
  const title = `A book of the burst, number ${at}`;
  const contributors = [{ name: `Author ${at}`, role: 'aut' }];
  const chapters = Array.from({ length: CHAPTERS }, (_, chapter) => ({
    title: `Chapter ${chapter + 1} of book ${at}`,
    paragraphs: Array.from({ length: PARAGRAPHS }, (_line, line) =>
      `In book ${at} the sea of chapter ${chapter} rose ${line} times. `.repeat(4),
    ),
  }));
  const bytes = await buildEpub({ title, language: 'en', contributors, chapters });
  const now = new Date();
  const sha256 = newId().replaceAll('-', '').padEnd(64, '0');
  const expiresAt = new Date(now.getTime() + 3_600_000);
  const mediaType = 'application/epub+zip';
  const file = await createFile(db, {
    ownerId,
    name: 'book.epub',
    mediaType,
    sizeBytes: bytes.length,
    sha256,
    now,
    expiresAt,
  });
  const storageKey = `files/${file.id}/${newId()}.epub`;
  await storage.put(storageKey, bytes, { contentType: mediaType, sizeBytesMax: bytes.length });
  await markStored(db, { id: file.id, storageKey, now });
  const details = {
    title,
    subtitle: null,
    description: 'A book.',
    language: 'en',
    subjects: ['Fiction'],
    series: null,
    publicationYear: 2026,
    contributors,
  };
  const prices = [{ amountMinor: 499, currency: 'EUR' }];
  const { editionId } = await createDraft(db, { ownerId, now, workId: null, details, isbn13: null, prices });
  await updateDraft(db, { editionId, ownerId, now, change: { fileId: file.id } });
  return editionId;
}
