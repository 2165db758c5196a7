/** Stage `publish.publish`: swaps the revisions, so that readers see the new one from this commit on. */
import { and, eq, ne, sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { editions, revisions } from '../../db/tables/index.ts';
import { editionPublished } from '../../events/index.ts';
import { advance, type StageInput, TerminalError } from '../../streams/index.ts';
import { at, changeRevision, type EditionPayload } from './revision.ts';

export async function goLive(
  tx: Tx,
  inputs: readonly StageInput<EditionPayload>[],
  { clock }: { clock: { now(): Date } },
) {
  const outcomes = [];
  for (const { payload } of inputs) {
    const onSale = await swap(tx, payload, clock.now());
    outcomes.push(advance(editionPublished.of({ ...at(payload, 'PUBLISHED'), onSale })));
  }
  return outcomes;
}

/**
 * Makes the revision the live one. Whoever took the edition off sale meanwhile has the last word.
 * @returns whether readers can buy it now
 * @throws TerminalError when the revision is no longer the one being prepared: nothing unchecked goes on sale
 */
async function swap(tx: Tx, { editionId, revisionId }: EditionPayload, now: Date): Promise<boolean> {
  const [edition] = await tx
    .update(editions)
    .set({
      saleStatus: sql`case when ${editions.saleStatus} = 'UNRELEASED' then 'PUBLISHED' else ${editions.saleStatus} end`,
      liveRevisionId: revisionId,
      publishedAt: sql`coalesce(${editions.publishedAt}, ${now.toISOString()}::timestamptz)`,
      updatedAt: now,
    })
    .where(
      and(
        eq(editions.id, editionId),
        eq(editions.workingRevisionId, revisionId),
        sql`exists (select 1 from revision r where r.id = ${revisionId} and r.status = 'DEDUPING')`,
      ),
    )
    .returning({ saleStatus: editions.saleStatus });
  if (!edition) throw new TerminalError(`revision ${revisionId} is no longer the one being prepared`);
  await tx
    .update(revisions)
    .set({ status: 'SUPERSEDED', updatedAt: now })
    .where(and(eq(revisions.editionId, editionId), eq(revisions.status, 'PUBLISHED'), ne(revisions.id, revisionId)));
  await changeRevision(tx, revisionId, { status: 'PUBLISHED' }, now);
  return edition.saleStatus === 'PUBLISHED';
}
