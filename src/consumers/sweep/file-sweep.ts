/**
 * Workflow `file-sweep`: removes files whose time is over, their rows first, then their bytes.
 *
 * Promise: what a book uses stays; a crash between the two leaves the keys in an event, and the bytes are deleted by
 * whoever takes that up. Not here: bytes that nothing names (store-sweep.ts).
 */
import { releaseFiles } from '../../db/removable-files.ts';
import { fileSweepDue, filesReleased, filesRemoved } from '../../events/index.ts';
import { advance, backoff, untilDone } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';

/** What one slot removes at most: the rest is for the next. */
const FILES_MAX = 1_000;
const DELETED_AT_ONCE = 8;

export const fileSweep = workflow('file-sweep', {
  startedBy: 'cron',
  stages: [
    stage('release', {
      on: fileSweepDue,
      emits: [filesReleased],
      retry: backoff({ attemptsMax: 5, delayMs: 1_000, delayMsMax: 60_000 }),
      runBatch: async (tx, inputs, { clock }) => {
        const outcomes = [];
        for (const { payload } of inputs) {
          const storageKeys = await releaseFiles(tx, { now: clock.now(), limit: FILES_MAX });
          outcomes.push(advance(filesReleased.of({ slot: payload.slot, storageKeys })));
        }
        return outcomes;
      },
    }),
    stage('delete-bytes', {
      on: filesReleased,
      emits: [filesRemoved],
      retry: untilDone({ delayMs: 1_000, delayMsMax: 600_000 }),
      timeoutMs: 300_000,
      concurrency: 1,
      run: async ({ payload: { slot, storageKeys } }, { services, signal }) => {
        for (let at = 0; at < storageKeys.length; at += DELETED_AT_ONCE) {
          signal.throwIfAborted();
          await Promise.all(storageKeys.slice(at, at + DELETED_AT_ONCE).map((key) => services.storage.delete(key)));
        }
        return advance(filesRemoved.of({ slot, removed: storageKeys.length }));
      },
    }),
  ],
});
