/**
 * Stage `publish.validate`: can every reader open the book? Only what makes it unreadable blocks; all else is shown to
 * the author as a report. Runs in a process of its own that is killed at its limits.
 */
import { CALM_PATIENCE_MS, childPlaces, type ProgressEvent } from '../../child-processes/index.ts';
import { validateEpub } from '../../epub/index.ts';
import { editionProgressed, fileValidated } from '../../events/index.ts';
import { advance, type StageContext, type StageInput } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';
import { needsChanges, reject } from './outcomes.ts';
import { at, changeRevision, type EditionPayload, mergeReport, readFile, readRevision } from './revision.ts';
import { withLocalFile } from '../../ports/storage/local-file.ts';

type Context = StageContext<ConsumerServices, 'edition.progressed'>;

/** The checker may take this long; the stage a little longer, so that its verdict is always heard. */
const CHECK_TIMEOUT_MS = 60_000;
/** Before it begins, a book of the other stage may take its whole time in the same place. */
export const VALIDATE_TIMEOUT_MS = 2 * (CHECK_TIMEOUT_MS + CALM_PATIENCE_MS) + 30_000;
const PROGRESS_EVERY_MS = 1_000;

export async function validateBook({ payload }: StageInput<EditionPayload>, context: Context) {
  const { services, clock, signal } = context;
  const file = await readFile(services.db, payload.revisionId);
  const progress = tellProgress(payload, context);
  const check = (path: string) =>
    validateEpub(path, { timeoutMs: CHECK_TIMEOUT_MS, signal, onProgress: progress.tell });
  const report = await childPlaces.take(() => withLocalFile(services, file.storageKey, signal, check), signal);
  await progress.told();
  if (report.hostile.length > 0) {
    return reject(payload, file, report.hostile, { storage: services.storage, now: clock.now() });
  }
  if (!report.isDecided) throw new Error(`the check was cut short: ${report.outcome} ${report.detail ?? ''}`);
  const { revision } = await readRevision(services.db, payload.revisionId);
  const findings = mergeReport(revision.report, report.findings);
  if (report.blocking.length > 0) return needsChanges(payload, report.blocking, findings, clock.now());
  return advance(fileValidated.of(at(payload, 'EXTRACTING')), (tx) =>
    changeRevision(tx, payload.revisionId, { status: 'EXTRACTING', report: findings }, clock.now()),
  );
}

/** Announces how far the check is, at most once a second and never two at a time. */
function tellProgress(payload: EditionPayload, context: Context) {
  let telling: Promise<unknown> = Promise.resolve();
  let nextAt = 0;
  return {
    tell: ({ step, doneCount, totalCount }: ProgressEvent) => {
      const now = Date.now();
      if (now < nextAt) return;
      nextAt = now + PROGRESS_EVERY_MS;
      const note = totalCount > 0 ? `${step}: ${doneCount} of ${totalCount}` : step;
      telling = telling
        .then(() => context.announce(editionProgressed.of({ ...at(payload, 'VALIDATING'), note })))
        .catch((error: unknown) => context.log.debug({ error: String(error) }, 'progress was not told'));
    },
    told: () => telling,
  };
}
