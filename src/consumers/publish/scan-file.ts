/** Stage `publish.scan-file`: may the archive be opened at all? Nothing of it is inflated before this says yes. */
import { childPlaces } from '../../child-processes/index.ts';
import { preflight } from '../../epub/index.ts';
import { fileScanned } from '../../events/index.ts';
import { advance, type StageContext, type StageInput } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';
import { needsChanges, reject } from './outcomes.ts';
import { at, changeRevision, type EditionPayload, mergeReport, readFile } from './revision.ts';
import { withLocalFile } from '../../ports/storage/local-file.ts';
import { VALIDATE_TIMEOUT_MS } from './validate-book.ts';

/** The look itself is short; a book of another stage may take its whole time in the same place before. */
export const SCAN_TIMEOUT_MS = 60_000 + VALIDATE_TIMEOUT_MS;

export async function scanFile({ payload }: StageInput<EditionPayload>, context: StageContext<ConsumerServices>) {
  const { services, clock, signal } = context;
  const file = await readFile(services.db, payload.revisionId);
  const look = (path: string) => preflight(path);
  const result = await childPlaces.take(() => withLocalFile(services, file.storageKey, signal, look), signal);
  const now = clock.now();
  if (result.hostile.length > 0) return reject(payload, file, result.hostile, { storage: services.storage, now });
  if (!result.ok) return needsChanges(payload, result.blocking, result.findings, now);
  return advance(fileScanned.of(at(payload, 'VALIDATING')), (tx) =>
    changeRevision(
      tx,
      payload.revisionId,
      { status: 'VALIDATING', report: mergeReport([], result.findings) },
      clock.now(),
    ),
  );
}
