/** Stage `publish.publish`: swaps the revisions, so that readers see the new one from this commit on. */
import { and, eq, ne, sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { editions, revisions } from '../../db/tables/index.ts';
import { editionPublished } from '../../events/index.ts';
import { advance, type StageInput } from '../../streams/index.ts';
import { at, changeRevision, type EditionPayload } from './revision.ts';

export async function goLive(
  tx: Tx,
  inputs: readonly StageInput<EditionPayload>[],
  { clock }: { clock: { now(): Date } },
) {
  const now = clock.now();
  for (const { payload } of inputs) {
    await tx
      .update(revisions)
      .set({ status: 'SUPERSEDED', updatedAt: now })
      .where(
        and(
          eq(revisions.editionId, payload.editionId),
          eq(revisions.status, 'PUBLISHED'),
          ne(revisions.id, payload.revisionId),
        ),
      );
    await changeRevision(tx, payload.revisionId, { status: 'PUBLISHED' }, now);
    await tx
      .update(editions)
      .set({
        saleStatus: 'PUBLISHED',
        liveRevisionId: payload.revisionId,
        publishedAt: sql`coalesce(${editions.publishedAt}, ${now.toISOString()}::timestamptz)`,
        updatedAt: now,
      })
      .where(eq(editions.id, payload.editionId));
  }
  return inputs.map(({ payload }) => advance(editionPublished.of({ ...at(payload, 'PUBLISHED'), onSale: true })));
}
