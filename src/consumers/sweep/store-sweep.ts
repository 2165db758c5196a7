/**
 * Workflow `store-sweep`: looks through the store for bytes that no file names, and deletes them.
 *
 * Such bytes are left by a process that died between storing and its commit. Promise: what is younger than a day stays,
 * since somebody may be at work on it; and so does what has not the name of a file of ours.
 * Not here: covers and texts, whose names come from their revision and are written over by the next try.
 */
import { validate as isUuid } from 'uuid';
import { type FileBytes, whereBytesAre } from '../../db/removable-files.ts';
import { storeSweepDue, storeSwept } from '../../events/index.ts';
import type { StoredBlob } from '../../ports/storage/blob-storage.ts';
import { advance, backoff } from '../../streams/index.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

const FOLDERS = ['uploads', 'files', 'quarantine'];
const LEFT_ALONE_MS = 86_400_000;
const PAGE_BLOBS = 500;
const SWEEP_TIMEOUT_MS = 3_600_000;

export const storeSweep = workflow('store-sweep', {
  startedBy: 'cron',
  stages: [
    stage('delete-orphans', {
      on: storeSweepDue,
      emits: [storeSwept],
      retry: backoff({ attemptsMax: 5, delayMs: 60_000, delayMsMax: 600_000 }),
      timeoutMs: SWEEP_TIMEOUT_MS,
      concurrency: 1,
      run: async ({ payload: { slot } }, { services, clock, signal }) => {
        const before = new Date(clock.now().getTime() - LEFT_ALONE_MS);
        const unfinished = await services.storage.deleteUnfinished(before);
        const found = { looked: 0, orphans: 0 };
        for (const folder of FOLDERS) {
          for await (const page of pagesOf(services.storage.list(folder, { signal }))) {
            signal.throwIfAborted();
            found.looked += page.length;
            found.orphans += await deleteOrphans(services, page, before);
          }
        }
        return advance(storeSwept.of({ slot, ...found, unfinished }));
      },
    }),
  ],
});

async function* pagesOf(blobs: AsyncIterable<StoredBlob>): AsyncIterable<StoredBlob[]> {
  let page: StoredBlob[] = [];
  for await (const blob of blobs) {
    if (page.push(blob) < PAGE_BLOBS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

async function deleteOrphans(
  { db, storage }: Pick<ConsumerServices, 'db' | 'storage'>,
  page: readonly StoredBlob[],
  before: Date,
): Promise<number> {
  const old = page.filter(({ key, modifiedAt }) => modifiedAt < before && isUuid(fileIdIn(key)));
  const files = new Map(
    (
      await whereBytesAre(
        db,
        old.map(({ key }) => fileIdIn(key)),
      )
    ).map((file) => [file.id, file]),
  );
  const orphans = old.filter(({ key }) => isOrphan(key, files.get(fileIdIn(key))));
  for (const { key } of orphans) await storage.delete(key);
  return orphans.length;
}

function isOrphan(key: string, file: FileBytes | undefined): boolean {
  if (!file || !file.isKept) return true;
  // A file is moved into quarantine before its row says so, and moving leaves its age.
  return file.storageKey !== key && !key.startsWith('quarantine/');
}

/** The file's id in `files/ID/…`, `uploads/ID.epub`, `quarantine/ID`. */
const fileIdIn = (key: string): string => key.split('/')[1]?.replace(/\.epub$/, '') ?? '';
