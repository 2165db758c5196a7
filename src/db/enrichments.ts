/**
 * Suggestions: what the author says to them.
 *
 * Promise: nothing the author wrote is changed by an answer; an accepted suggestion is shown beside it, with where it
 * comes from. The answer may be changed at any time.
 */
import { and, eq } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';
import { NotThere, WrongState } from './errors.ts';
import { editions, enrichments } from './tables/index.ts';

/** Who or what made a suggestion, as far as it is shown. */
export const provenanceSchema = z.object({
  provider: z.string(),
  model: z.string().nullish(),
  promptVersion: z.string().nullish(),
  tokens: z.number().nullish(),
  costMicros: z.number().nullish(),
});

/** @throws NotThere, WrongState while there is nothing to decide on */
export async function decideSuggestion(
  tx: Tx,
  request: { revisionId: string; ownerId: string; decision: 'ACCEPTED' | 'DISMISSED'; now: Date },
): Promise<{ revisionId: string }> {
  const { revisionId, ownerId, decision, now } = request;
  const [row] = await tx
    .select({ status: enrichments.status })
    .from(enrichments)
    .innerJoin(editions, eq(editions.id, enrichments.editionId))
    .where(and(eq(enrichments.revisionId, revisionId), eq(editions.ownerId, ownerId)))
    .for('update', { of: enrichments });
  if (!row) throw new NotThere('suggestion');
  if (row.status !== 'READY') throw new WrongState('There is no suggestion yet.', row.status);
  await tx.update(enrichments).set({ decision, updatedAt: now }).where(eq(enrichments.revisionId, revisionId));
  return { revisionId };
}
