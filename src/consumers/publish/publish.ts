/**
 * Workflow `publish`: from a submitted revision to a book on sale.
 *
 * The author's faults give NEEDS_CHANGES with every fault at once; a hostile file is REJECTED and quarantined; ours are
 * retried, and end as FAILED when no retry helps. An edition that is on sale stays so, whatever becomes of a revision.
 */
import { CHILDREN_AT_ONCE } from '../../child-processes/index.ts';
import type { Tx } from '../../db/client.ts';
import {
  bookExtracted,
  changesRequested,
  duplicatesCleared,
  editionProgressed,
  editionPublished,
  editionRejected,
  editionSubmitted,
  fileScanned,
  fileValidated,
  metadataAccepted,
  publishFailed,
} from '../../events/index.ts';
import { backoff } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { readStartEvent } from '../start-event.ts';
import { checkDuplicates } from './check-duplicates.ts';
import { checkMetadata } from './check-metadata.ts';
import { EXTRACT_TIMEOUT_MS, extractBook } from './extract-book.ts';
import { goLive } from './go-live.ts';
import { changeRevision } from './revision.ts';
import { SCAN_TIMEOUT_MS, scanFile } from './scan-file.ts';
import { VALIDATE_TIMEOUT_MS, validateBook } from './validate-book.ts';

const patient = backoff({ attemptsMax: 5, delayMs: 1_000, delayMsMax: 30_000 });
export const publish = workflow('publish', {
  startedBy: 'Mutation.submitEdition',
  failsWith: { event: publishFailed, build: markFailed },
  stages: [
    stage('check-metadata', {
      on: editionSubmitted,
      emits: [metadataAccepted, changesRequested],
      announces: [editionProgressed],
      retry: patient,
      run: checkMetadata,
    }),
    stage('scan-file', {
      on: metadataAccepted,
      emits: [fileScanned, changesRequested, editionRejected],
      retry: patient,
      timeoutMs: SCAN_TIMEOUT_MS,
      concurrency: CHILDREN_AT_ONCE,
      run: scanFile,
    }),
    stage('validate', {
      on: fileScanned,
      emits: [fileValidated, changesRequested, editionRejected],
      announces: [editionProgressed],
      retry: patient,
      timeoutMs: VALIDATE_TIMEOUT_MS,
      concurrency: CHILDREN_AT_ONCE,
      run: validateBook,
    }),
    stage('extract', {
      on: fileValidated,
      emits: [bookExtracted],
      retry: patient,
      timeoutMs: EXTRACT_TIMEOUT_MS,
      concurrency: CHILDREN_AT_ONCE,
      run: extractBook,
    }),
    stage('check-duplicates', {
      on: bookExtracted,
      emits: [duplicatesCleared, changesRequested],
      retry: patient,
      runBatch: checkDuplicates,
    }),
    stage('publish', {
      on: duplicatesCleared,
      emits: [editionPublished],
      retry: patient,
      runBatch: goLive,
    }),
  ],
});

async function markFailed(tx: Tx, { runId, now }: { runId: string; now: Date }) {
  const payload = await readStartEvent(tx, runId, editionSubmitted);
  await changeRevision(tx, payload.revisionId, { status: 'FAILED' }, now);
  const note = 'Something went wrong on our side and trying again did not help. Submit the book again later.';
  return publishFailed.of({ ...payload, status: 'FAILED', note });
}
