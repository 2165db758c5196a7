/** The two ways out of publishing that are the author's: things to mend, and a file that is kept from everyone. */
import { eq } from 'drizzle-orm';
import { files } from '../../db/tables/index.ts';
import type { Fault } from '../../epub/index.ts';
import { changesRequested, editionRejected } from '../../events/index.ts';
import { type BlobStorage, BlobNotFoundError } from '../../ports/storage/blob-storage.ts';
import { advance } from '../../streams/index.ts';
import { at, changeRevision, countFaults, type EditionPayload, mergeReport } from './revision.ts';

/** How long a harmful file is kept for whoever looks into it. */
const QUARANTINE_KEPT_MS = 30 * 86_400_000;

/** NEEDS_CHANGES, with every fault at once. */
export function needsChanges(payload: EditionPayload, faults: readonly Fault[], findings: readonly Fault[], now: Date) {
  const report = mergeReport(findings, faults);
  const note = countFaults(faults);
  return advance(changesRequested.of({ ...at(payload, 'NEEDS_CHANGES'), note }), (tx) =>
    changeRevision(tx, payload.revisionId, { status: 'NEEDS_CHANGES', report }, now),
  );
}

/** REJECTED: the file is moved out of reach before its state says so. */
export async function reject(
  payload: EditionPayload,
  file: { id: string; storageKey: string },
  hostile: readonly Fault[],
  { storage, now }: { storage: BlobStorage; now: Date },
) {
  const quarantineKey = `quarantine/${file.id}`;
  await storage.move(file.storageKey, quarantineKey).catch(async (error: unknown) => {
    // An earlier try may have moved it and died before its commit.
    if (!(error instanceof BlobNotFoundError && (await storage.exists(quarantineKey)))) throw error;
  });
  const note =
    'The file is built in a way that can harm whoever opens it, and is kept from everyone. Upload another one.';
  return advance(editionRejected.of({ ...at(payload, 'REJECTED'), note }), async (tx) => {
    const expiresAt = new Date(now.getTime() + QUARANTINE_KEPT_MS);
    const change = { state: 'QUARANTINED' as const, storageKey: quarantineKey, expiresAt };
    await tx.update(files).set(change).where(eq(files.id, file.id));
    await changeRevision(tx, payload.revisionId, { status: 'REJECTED', report: mergeReport([], hostile) }, now);
  });
}
