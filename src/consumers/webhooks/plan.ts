/**
 * Workflows `webhooks-…`: for each finished event that endpoints may hear of, one that plans their deliveries.
 *
 * They hang off the event with runs of their own and call nobody, so whatever becomes of the endpoints, nothing waits for
 * them. What is sent is thin: what happened, when, and the ids under which the API tells the rest to whoever may see it;
 * nothing of a person.
 * How to add a type: a name in src/events/webhooks.ts, an enum value in src/schema/webhooks.ts, and an entry here.
 */
import { sql } from 'drizzle-orm';
import { globalId } from '../../books/global-id.ts';
import type { Tx } from '../../db/client.ts';
import { newId } from '../../db/tables/columns.ts';
import { webhookDeliveries } from '../../db/tables/index.ts';
import {
  editionPublished,
  orderCompleted,
  payoutFailed,
  payoutPaid,
  payoutReturned,
  refundSettled,
  webhookDue,
  webhooksPlanned,
  type WebhookType,
} from '../../events/index.ts';
import { advance, appendEvents, backoff, type EventType, type StageInput } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';

/** Endpoints that are told of one event. */
const ENDPOINTS_MAX = 100;

interface Kind<Payload> {
  readonly type: WebhookType;
  readonly event: EventType<WebhookType, Payload>;
  readonly startedBy: string;
  /** What is told of each, in the same order. */
  readonly describe: (tx: Tx, payloads: readonly Payload[]) => Promise<object[]>;
}

function planner<Payload>({ type, event, startedBy, describe }: Kind<Payload>) {
  return workflow(`webhooks-${type.replace('.', '-')}`, {
    startedBy,
    stages: [
      stage('plan', {
        on: event,
        emits: [webhooksPlanned],
        retry: backoff({ attemptsMax: 8, delayMs: 1_000, delayMsMax: 60_000 }),
        gatherMs: 250,
        runBatch: async (tx, inputs, { services, clock }) => {
          const endpointIds = await endpointsFor(tx, type);
          if (endpointIds.length > 0) {
            const data = await describe(
              tx,
              inputs.map(({ payload }) => payload),
            );
            await plan(tx, { type, endpointIds, inputs, data, now: clock.now(), shards: services.shards });
          }
          const count = endpointIds.length;
          return inputs.map(({ eventId }) => advance(webhooksPlanned.of({ eventId, count })));
        },
      }),
    ],
  });
}

async function endpointsFor(tx: Tx, type: string): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select id from webhook_endpoint where status = 'ACTIVE' and ${type} = any(event_types)
    order by id limit ${ENDPOINTS_MAX}`);
  return [...rows].map(({ id }) => id);
}

interface Plan {
  readonly type: string;
  readonly endpointIds: readonly string[];
  readonly inputs: readonly StageInput<unknown>[];
  readonly data: readonly object[];
  readonly now: Date;
  readonly shards: number;
}

const ROWS_MAX = 500;

const describePayouts = async (_tx: Tx, payloads: readonly { payoutId: string; status: string }[]) =>
  payloads.map(({ payoutId, status }) => ({ id: globalId('Payout', payoutId), status }));

/** A delivery for each event and endpoint, and the event that starts its run. */
async function plan(tx: Tx, { type, endpointIds, inputs, data, now, shards }: Plan): Promise<void> {
  const times = await timesOf(tx, inputs);
  const rows = inputs.flatMap(({ eventId }, at) =>
    endpointIds.map((endpointId) => {
      const timestamp = (times.get(eventId) ?? now).toISOString();
      const body = JSON.stringify({ type, timestamp, data: data[at] ?? {} });
      return { id: newId(), endpointId, eventType: type, body, createdAt: now, updatedAt: now, nextAttemptAt: now };
    }),
  );
  for (let from = 0; from < rows.length; from += ROWS_MAX) {
    const part = rows.slice(from, from + ROWS_MAX);
    await tx.insert(webhookDeliveries).values(part);
    await appendEvents(
      tx,
      part.map(({ id }) => webhookDue.of({ deliveryId: id })),
      { now, shards },
    );
  }
}

/** When it happened, which is not when it is sent. */
async function timesOf(tx: Tx, inputs: readonly StageInput<unknown>[]): Promise<Map<number, Date>> {
  const ids = inputs.map(({ eventId }) => eventId);
  const rows = await tx.execute<{ id: string; created_at: string }>(
    sql`select id, created_at from event where id = any(${sql.param(ids)}::bigint[])`,
  );
  return new Map([...rows].map((row) => [Number(row.id), new Date(row.created_at)]));
}

export const webhookPlanners = [
  planner({
    type: 'order.completed',
    event: orderCompleted,
    startedBy: 'order.completed of purchase',
    describe: async (tx, payloads) => {
      const orders = await ordersOf(
        tx,
        payloads.map(({ orderId }) => orderId),
      );
      return payloads.map(({ orderId }) => ({ id: globalId('Order', orderId), ...orders.get(orderId) }));
    },
  }),
  planner({
    type: 'refund.settled',
    event: refundSettled,
    startedBy: 'refund.settled of refund',
    describe: async (_tx, payloads) =>
      payloads.map(({ refundId, orderId, status }) => ({
        id: globalId('Refund', refundId),
        orderId: globalId('Order', orderId),
        status,
      })),
  }),
  planner({
    type: 'payout.paid',
    event: payoutPaid,
    startedBy: 'payout.paid of payout',
    describe: describePayouts,
  }),
  planner({
    type: 'payout.failed',
    event: payoutFailed,
    startedBy: 'payout.failed of payout',
    describe: describePayouts,
  }),
  planner({
    type: 'payout.returned',
    event: payoutReturned,
    startedBy: 'payout.returned of payout-notice',
    describe: describePayouts,
  }),
  planner({
    type: 'edition.published',
    event: editionPublished,
    startedBy: 'edition.published of publish',
    describe: async (_tx, payloads) =>
      payloads.map(({ editionId, revisionId, revisionNumber }) => ({
        id: globalId('Edition', editionId),
        revisionId: globalId('Revision', revisionId),
        revisionNumber,
      })),
  }),
];

async function ordersOf(tx: Tx, ids: readonly string[]): Promise<Map<string, object>> {
  const rows = await tx.execute<{ id: string; amount: string; currency: string; editions: string[] }>(sql`
    select o.id, o.amount_minor as amount, o.currency,
      array(select l.edition_id from order_line l where l.order_id = o.id order by l.position) as editions
    from "order" o where o.id = any(${sql.param([...ids])}::uuid[])`);
  return new Map(
    [...rows].map(({ id, amount, currency, editions }) => [
      id,
      {
        status: 'COMPLETED',
        total: { amountMinor: Number(amount), currency },
        editionIds: editions.map((editionId) => globalId('Edition', editionId)),
      },
    ]),
  );
}
