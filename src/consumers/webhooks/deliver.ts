/**
 * Workflow `webhook`: one delivery to one endpoint, until it is taken or given up.
 *
 * Promise: every attempt is recorded with what came of it; all attempts carry the same `webhook-id`. Tried ten times over
 * three days, as the Standard Webhooks specification suggests, the receiver's own Retry-After heeded. An endpoint that
 * says 410, or has taken nothing for three days, is paused and its owner is told.
 */
import { eq, sql } from 'drizzle-orm';
import type { Db, Tx } from '../../db/client.ts';
import { webhookAttempts, webhookDeliveries, webhookEndpoints } from '../../db/tables/index.ts';
import { endpointPaused, webhookDelivered, webhookDue, webhookFailed } from '../../events/index.ts';
import type { WebhookAnswer } from '../../ports/webhooks/sender.ts';
import { advance, appendEvents, backoff, snooze, type StageContext, type StageInput } from '../../streams/index.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Waits after the first, second, third … attempt that was not taken; then it is given up. */
const WAITS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** An endpoint that has taken nothing for so long is paused. */
const FAILING_MS_MAX = 72 * HOUR_MS;
/** A wait is up to a fifth longer, so that what failed together does not come back together. */
const JITTER = 0.2;
const GONE = 410;

type Context = StageContext<ConsumerServices>;

export const webhook = workflow('webhook', {
  startedBy: 'webhooks-….plan, Mutation.resendWebhookDelivery',
  stages: [
    stage('deliver', {
      on: webhookDue,
      emits: [webhookDelivered, webhookFailed],
      retry: backoff({ attemptsMax: 10, delayMs: SECOND_MS, delayMsMax: MINUTE_MS }),
      timeoutMs: 30 * SECOND_MS,
      concurrency: 32,
      run: deliver,
    }),
  ],
});

async function deliver({ payload: { deliveryId } }: StageInput<{ deliveryId: string }>, context: Context) {
  const { db, webhooks } = context.services;
  const due = await readDelivery(db, deliveryId);
  if (!due) return advance(webhookFailed.of({ deliveryId, reason: 'The endpoint was deleted.' }));
  const { delivery, endpoint } = due;
  if (delivery.status === 'DELIVERED') return advance(webhookDelivered.of({ deliveryId }));
  if (endpoint.status === 'PAUSED') return givenUp(deliveryId, 'The endpoint is paused.', context);
  const at = context.clock.now();
  const startedAt = performance.now();
  const answer = await webhooks.send({
    url: endpoint.url,
    id: `msg_${delivery.id}`,
    body: delivery.body,
    secrets: secretsOf(endpoint, at),
    at,
    signal: context.signal,
  });
  const attempt = {
    deliveryId,
    number: delivery.attemptCount + 1,
    round: delivery.roundCount + 1,
    at,
    durationMs: Math.round(performance.now() - startedAt),
    endpointId: endpoint.id,
  };
  return outcomeOf(attempt, answer, endpoint, context);
}

type Endpoint = typeof webhookEndpoints.$inferSelect;

interface Attempt {
  readonly deliveryId: string;
  readonly endpointId: string;
  readonly number: number;
  /** Since it was last asked for. */
  readonly round: number;
  readonly at: Date;
  readonly durationMs: number;
}

function outcomeOf(attempt: Attempt, answer: WebhookAnswer, endpoint: Endpoint, { clock, services }: Context) {
  const { deliveryId } = attempt;
  const now = clock.now();
  if (answer.kind === 'ANSWERED' && answer.statusCode >= 200 && answer.statusCode < 300) {
    return advance(webhookDelivered.of({ deliveryId }), async (tx) => {
      await record(tx, attempt, answer, { status: 'DELIVERED', nextAttemptAt: null });
      await tx
        .update(webhookEndpoints)
        .set({ failingSince: null })
        .where(sql`${webhookEndpoints.id} = ${endpoint.id} and ${webhookEndpoints.failingSince} is not null`);
    });
  }
  const pause = pauseReason(answer, endpoint, now);
  const waitMs = pause === null ? waitAfter(attempt.round, answer) : null;
  if (waitMs !== null) {
    return snooze(waitMs, async (tx) => {
      await record(tx, attempt, answer, { status: 'PENDING', nextAttemptAt: new Date(now.getTime() + waitMs) });
      await markFailing(tx, endpoint.id, now);
    });
  }
  const reason = pause ?? `It was not taken in ${attempt.round} attempts.`;
  return advance(webhookFailed.of({ deliveryId, reason }), async (tx) => {
    await record(tx, attempt, answer, { status: 'FAILED', nextAttemptAt: null });
    await markFailing(tx, endpoint.id, now);
    if (pause !== null)
      await pauseEndpoint(tx, { endpointId: endpoint.id, reason: pause, now, shards: services.shards });
  });
}

function pauseReason(answer: WebhookAnswer, { failingSince }: Endpoint, now: Date): string | null {
  if (answer.kind === 'ANSWERED' && answer.statusCode === GONE) return 'It answered 410: it is gone.';
  const failingMs = failingSince === null ? 0 : now.getTime() - failingSince.getTime();
  return failingMs >= FAILING_MS_MAX ? 'It has taken nothing for three days.' : null;
}

/** @returns null when there is no further attempt */
function waitAfter(round: number, answer: WebhookAnswer): number | null {
  const waitMs = WAITS_MS[round - 1];
  if (waitMs === undefined) return null;
  const asked = answer.kind === 'ANSWERED' ? (answer.retryAfterMs ?? 0) : 0;
  return Math.max(asked, Math.round(waitMs * (1 + JITTER * Math.random())));
}

const givenUp = (deliveryId: string, reason: string, { clock }: Context) =>
  advance(webhookFailed.of({ deliveryId, reason }), async (tx) => {
    await tx
      .update(webhookDeliveries)
      .set({ status: 'FAILED', nextAttemptAt: null, updatedAt: clock.now() })
      .where(eq(webhookDeliveries.id, deliveryId));
  });

/** Signs with the new secret, and with the one before while receivers change over. */
function secretsOf({ secret, previousSecret, previousSecretUntil }: Endpoint, now: Date): string[] {
  const isOver = previousSecretUntil === null || previousSecretUntil <= now;
  return previousSecret === null || isOver ? [secret] : [secret, previousSecret];
}

async function readDelivery(db: Db, deliveryId: string) {
  const [row] = await db
    .select({ delivery: webhookDeliveries, endpoint: webhookEndpoints })
    .from(webhookDeliveries)
    .innerJoin(webhookEndpoints, eq(webhookEndpoints.id, webhookDeliveries.endpointId))
    .where(eq(webhookDeliveries.id, deliveryId));
  return row;
}

async function record(
  tx: Tx,
  { deliveryId, number, round, at, durationMs }: Attempt,
  answer: WebhookAnswer,
  after: { status: 'PENDING' | 'DELIVERED' | 'FAILED'; nextAttemptAt: Date | null },
): Promise<void> {
  const [known] = await tx
    .update(webhookDeliveries)
    .set({ ...after, attemptCount: number, roundCount: round, updatedAt: at })
    .where(eq(webhookDeliveries.id, deliveryId))
    .returning({ id: webhookDeliveries.id });
  // Its endpoint was deleted meanwhile.
  if (!known) return;
  const told =
    answer.kind === 'ANSWERED'
      ? { statusCode: answer.statusCode, excerpt: answer.excerpt }
      : { error: answer.code, excerpt: answer.message };
  await tx
    .insert(webhookAttempts)
    .values({ deliveryId, number, at, durationMs, ...told })
    .onConflictDoNothing();
}

async function markFailing(tx: Tx, endpointId: string, now: Date): Promise<void> {
  await tx
    .update(webhookEndpoints)
    .set({ failingSince: now })
    .where(sql`${webhookEndpoints.id} = ${endpointId} and ${webhookEndpoints.failingSince} is null`);
}

/** Pauses an endpoint once, however many deliveries find it gone, and has its owner told. */
async function pauseEndpoint(
  tx: Tx,
  { endpointId, reason, now, shards }: { endpointId: string; reason: string; now: Date; shards: number },
): Promise<void> {
  const paused = await tx
    .update(webhookEndpoints)
    .set({ status: 'PAUSED', pausedReason: reason, pausedAt: now, updatedAt: now })
    .where(sql`${webhookEndpoints.id} = ${endpointId} and ${webhookEndpoints.status} = 'ACTIVE'`)
    .returning({ id: webhookEndpoints.id });
  if (paused.length === 0) return;
  await appendEvents(tx, [endpointPaused.of({ endpointId, pausedAt: now.toISOString() })], { now, shards });
}
