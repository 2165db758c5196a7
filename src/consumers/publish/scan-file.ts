/** Stage `publish.scan-file`: may the archive be opened at all? Nothing of it is inflated before this says yes. */
import { preflight } from '../../epub/index.ts';
import { fileScanned } from '../../events/index.ts';
import { advance, type StageContext, type StageInput } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';
import { needsChanges, reject } from './outcomes.ts';
import { at, changeRevision, type EditionPayload, mergeReport, readFile } from './revision.ts';
import { withLocalFile } from '../../ports/storage/local-file.ts';

export async function scanFile({ payload }: StageInput<EditionPayload>, context: StageContext<ConsumerServices>) {
  const { services, clock, signal } = context;
  const file = await readFile(services.db, payload.revisionId);
  const result = await withLocalFile(services, file.storageKey, signal, (path) => preflight(path));
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
