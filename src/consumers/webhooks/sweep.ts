/**
 * Workflow `webhook-sweep`: every night forgets webhooks of three months ago, those sent and those received.
 *
 * What still waits is kept. A provider sends a notice again for some days at most, so its id need not be known longer.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../../db/client.ts';
import { webhookSweepDue, webhooksSwept } from '../../events/index.ts';
import { advance, backoff, type StageInput } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';

const KEPT_MS = 90 * 24 * 3_600_000;
/** Of each kind in one night; what is left goes the next. */
const FORGOTTEN_MAX = 50_000;

export const webhookSweep = workflow('webhook-sweep', {
  startedBy: 'cron',
  stages: [
    stage('forget', {
      on: webhookSweepDue,
      emits: [webhooksSwept],
      retry: backoff({ attemptsMax: 3, delayMs: 60_000, delayMsMax: 600_000 }),
      runBatch: forget,
    }),
  ],
});

async function forget(tx: Tx, inputs: readonly StageInput<{ slot: string }>[], { clock }: { clock: { now(): Date } }) {
  const before = new Date(clock.now().getTime() - KEPT_MS).toISOString();
  const deliveries = await tx.execute(sql`
    delete from webhook_delivery where id in (
      select id from webhook_delivery where created_at < ${before}::timestamptz and status <> 'PENDING'
      order by created_at limit ${FORGOTTEN_MAX})
    returning id`);
  const notices = await tx.execute(sql`
    delete from payment_notice where id in (
      select id from payment_notice where received_at < ${before}::timestamptz
      order by received_at limit ${FORGOTTEN_MAX})
    returning id`);
  const forgotten = { deliveries: deliveries.length, notices: notices.length };
  return inputs.map(({ payload: { slot } }) => advance(webhooksSwept.of({ slot, ...forgotten })));
}
