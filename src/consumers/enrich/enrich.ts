/**
 * Workflow `enrich`: suggestions for a published revision, with their provenance.
 *
 * It hangs off `edition.published` with a status of its own: it can fail for ever and nothing else notices. What it
 * suggests never overwrites the author's words; the author accepts or dismisses it.
 */
import { eq } from 'drizzle-orm';
import { CALM_PATIENCE_MS } from '../../child-processes/index.ts';
import type { Tx } from '../../db/client.ts';
import { enrichments, revisions } from '../../db/tables/index.ts';
import { editionPublished, enrichmentFailed, enrichmentReady } from '../../events/index.ts';
import { AiError, type Enrichment } from '../../ports/ai/enricher.ts';
import { type BlobStorage, BlobNotFoundError } from '../../ports/storage/blob-storage.ts';
import { advance, backoff, snooze, type StageContext, type StageInput, TerminalError } from '../../streams/index.ts';
import { textKey } from '../publish/extract-book.ts';
import { type EditionPayload } from '../publish/revision.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';
import { readStartEvent } from '../start-event.ts';

/**
 * A call to a server takes a minute at most. Without one, another description may have the place for describing before: each
 * waits for a calm moment, and takes half a minute at most.
 */
const ENRICH_TIMEOUT_MS = 2 * (CALM_PATIENCE_MS + 30_000) + 30_000;
/** A budget that is spent or a server that asks for a pause is waited for, not failed; so long at most at once. */
const PAUSE_MS_MAX = 3_600_000;

export const enrich = workflow('enrich', {
  startedBy: 'edition.published of publish',
  failsWith: { event: enrichmentFailed, build: markFailed },
  stages: [
    stage('suggest', {
      on: editionPublished,
      emits: [enrichmentReady],
      retry: backoff({ attemptsMax: 6, delayMs: 2_000, delayMsMax: 300_000, factor: 3 }),
      timeoutMs: ENRICH_TIMEOUT_MS,
      concurrency: 2,
      run: suggest,
    }),
  ],
});

async function suggest({ payload }: StageInput<EditionPayload>, context: StageContext<ConsumerServices>) {
  const { services, clock, signal } = context;
  const { editionId, revisionId } = payload;
  const text = await readText(services.storage, revisionId);
  const [revision] = await services.db
    .select({ title: revisions.title, language: revisions.language })
    .from(revisions)
    .where(eq(revisions.id, revisionId));
  if (!revision) throw new TerminalError(`there is no revision ${revisionId}`);
  const request = { title: revision.title, language: revision.language ?? 'und', text, signal };
  const answer = await services.enricher.enrich(request).catch(pauseOrThrow);
  if ('pauseMs' in answer) return snooze(answer.pauseMs);
  return advance(enrichmentReady.of({ editionId, revisionId, status: 'READY' }), (tx) =>
    save(tx, payload, answer, clock.now()),
  );
}

async function save(tx: Tx, { editionId, revisionId }: EditionPayload, answer: Enrichment, now: Date): Promise<void> {
  const suggestion = {
    status: 'READY' as const,
    summary: answer.summary,
    tags: [...answer.tags],
    readingLevel: answer.readingLevel?.band ?? null,
    readingGrade: answer.readingLevel?.grade ?? null,
    provenance: { generatedAt: now.toISOString(), ...answer.provenance },
    error: null,
    updatedAt: now,
  };
  await tx
    .insert(enrichments)
    .values({ editionId, revisionId, ...suggestion, createdAt: now })
    .onConflictDoUpdate({ target: enrichments.revisionId, set: suggestion });
}

function pauseOrThrow(error: unknown): { pauseMs: number } {
  if (!(error instanceof AiError)) throw error;
  if (!error.retryable) throw new TerminalError(`${error.code}: ${error.message}`, { cause: error });
  if (error.retryAfterMs !== undefined) return { pauseMs: Math.min(PAUSE_MS_MAX, Math.max(1_000, error.retryAfterMs)) };
  throw error;
}

async function readText(storage: BlobStorage, revisionId: string): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await storage.get(textKey(revisionId))) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof BlobNotFoundError) throw new TerminalError('the revision has no text', { cause: error });
    throw error;
  }
}

async function markFailed(tx: Tx, failure: { runId: string; reason: string; now: Date }) {
  const { editionId, revisionId } = await readStartEvent(tx, failure.runId, editionPublished);
  const failed = { status: 'FAILED' as const, error: failure.reason, updatedAt: failure.now };
  await tx
    .insert(enrichments)
    .values({ editionId, revisionId, ...failed, createdAt: failure.now })
    .onConflictDoUpdate({ target: enrichments.revisionId, set: failed });
  return enrichmentFailed.of({ editionId, revisionId, status: 'FAILED', reason: 'No suggestion could be made.' });
}
