/**
 * Row 14: the provider's webhooks come ten times each, shuffled, before the answer of the call that caused them, stale,
 * and forged. The provider is a server that behaves as Stripe's documentation says; what it holds is the truth.
 */
import { auditShop, tell } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { startStorm, type WebhookStorm } from '../harness/webhook-storm.ts';
import { waitFor } from '../harness/wait.ts';
import { startStripeStandIn, STRIPE_TEST_KEY, type StripeStandIn } from '../../ports/payments/stripe/server.ts';
import type { Intent } from '../../ports/payments/stripe/world.ts';

const SECRET = 'whsec_of_the_fault_catalogue';
const CARDS = [
  'pm_card_visa',
  'pm_card_visa',
  'pm_card_visa_chargeDeclined',
  'pm_card_authenticationRequired',
  'pm_card_authenticationRequired',
] as const;

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random, say } = context;
  const purchases = isShort ? 30 : 400;
  const stack = await openStack(context, { purchases });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/webhooks/payments/stripe`;
  const standIn = context.keep(await startStripeStandIn({ webhook: { url: () => url, secret: SECRET } }));
  const storm = context.keep(startStorm(url, SECRET, random));
  const sendFirst = standIn.world.onEvent;
  standIn.world.onEvent = (event) => {
    sendFirst(event);
    storm.add(event);
  };
  const env = {
    PAYMENT_GATEWAY: 'stripe',
    STRIPE_SECRET_KEY: STRIPE_TEST_KEY,
    STRIPE_WEBHOOK_SECRET: SECRET,
    STRIPE_API_BASE: standIn.url,
  };
  await Promise.all([stack.api('api-1', port, env), stack.worker('worker-1', env)].map((part) => part.start()));

  say(`${purchases} purchases, each event of the provider sent ten times and more`);
  const plan = planPurchases(stack.market, purchases, random, 0).map((one) => ({
    ...one,
    paymentToken: random.pick(CARDS),
  }));
  const placing = placeOverTime(stack.database, plan, { durationMs: isShort ? 1_500 : 20_000, batch: 5 });
  const answeredMs = await answerBanks(context, stack, standIn, plan);
  const acknowledged = await placing;
  const restMs = await waitForRest(stack);
  await storm.settle();
  await waitForRest(stack);
  const { violations, completed } = await compare(stack, standIn, acknowledged.length);
  const notices = await auditNotices(stack, storm);
  return {
    injected:
      'each webhook ten times: the first before the answer of its call, the others shuffled; of the copies 10% stale, and a forged one for every fifth',
    figures: {
      acknowledged: acknowledged.length,
      completed,
      'webhooks sent': storm.sent.GENUINE + storm.sent.STALE + storm.sent.FORGED,
      'forged or stale, all refused': storm.sent.FORGED + storm.sent.STALE,
      'notices kept': notices.kept,
      'ms from the buyer’s yes or no to the end (median)': median(answeredMs),
      'seconds from the last answer to rest': (restMs / 1_000).toFixed(1),
    },
    violations: [
      ...violations,
      ...notices.violations,
      ...tell('webhooks got a wrong answer', storm.wrongAnswers, String),
      ...(await auditShop(stack.database.sql)),
    ],
  };
}

/** Every buyer whom the bank asks answers, two of three with yes. @returns how long each order took from there to its end */
async function answerBanks(
  { random }: FaultContext,
  { database: { sql } }: Stack,
  { world }: StripeStandIn,
  plan: readonly { orderId: string; paymentToken: string }[],
): Promise<number[]> {
  const asked = plan.filter(({ paymentToken }) => paymentToken === 'pm_card_authenticationRequired');
  return Promise.all(
    asked.map(async ({ orderId }) => {
      const intent = await waitFor('the bank asking', 120_000, async () => {
        const [row] = await sql<{ ref: string | null }[]>`
          select authorization_ref as ref from payment where order_id = ${orderId} and status = 'REQUIRES_ACTION'`;
        return row?.ref ? world.intents.get(row.ref) : null;
      });
      world.answerBank(intent.id, random.next() < 2 / 3);
      const startedAt = performance.now();
      await waitFor('the end of an order that was answered', 60_000, async () => {
        const [row] = await sql<{ status: string }[]>`select status from "order" where id = ${orderId}`;
        return row?.status === 'COMPLETED' || row?.status === 'DECLINED';
      });
      return Math.round(performance.now() - startedAt);
    }),
  );
}

/** What the shop believes against what the provider holds. */
async function compare({ database: { sql } }: Stack, { world }: StripeStandIn, placed: number) {
  const orders = await sql<{ id: string; status: string; amount: string; booked: number }[]>`
    select o.id, o.status, o.amount_minor as amount,
      (select count(*)::int from ledger_transaction t where t.order_id = o.id and t.key like 'capture:%') as booked
    from "order" o`;
  const byOrder = Map.groupBy(world.intents.values(), ({ metadata }) => metadata['booky_reference'] ?? '');
  const only = (id: string): Intent | undefined => byOrder.get(id)?.[0];
  const wanted = (intent: Intent | undefined) => (intent?.status === 'succeeded' ? 'COMPLETED' : 'DECLINED');
  const name = ({ id, status }: { id: string; status: string }) => `${id} ${status}, provider ${only(id)?.status}`;
  return {
    completed: orders.filter(({ status }) => status === 'COMPLETED').length,
    violations: [
      ...(orders.length === placed ? [] : [`${placed} orders were placed, and there are ${orders.length}`]),
      ...tell(
        'orders stand elsewhere than at the provider',
        orders.filter((order) => order.status !== wanted(only(order.id))),
        name,
      ),
      ...tell(
        'orders have not exactly one payment',
        orders.filter(({ id }) => byOrder.get(id)?.length !== 1),
        name,
      ),
      ...tell(
        'orders were booked otherwise than captured',
        orders.filter(({ id, amount, booked }) => {
          const captured = Number(only(id)?.['amount_received'] ?? 0);
          return captured !== (booked === 1 ? Number(amount) : 0);
        }),
        name,
      ),
      ...tell(
        'payments were left reserved',
        [...world.intents.values()].filter(({ status }) => status === 'requires_capture'),
        ({ id }) => id,
      ),
    ],
  };
}

async function auditNotices({ database: { sql } }: Stack, { forgedIds, genuineIds }: WebhookStorm) {
  const rows = await sql<{ id: string }[]>`select id from payment_notice`;
  const ids = rows.map(({ id }) => id.replace('stripe:', ''));
  const told = await sql<
    { id: string }[]
  >`select payload ->> 'noticeId' as id from event where type = 'payment.noticed'`;
  return {
    kept: ids.length,
    violations: [
      ...tell(
        'forged webhooks were kept',
        ids.filter((id) => forgedIds.has(id) || !genuineIds.has(id)),
        String,
      ),
      ...(told.length === ids.length ? [] : [`${ids.length} notices were kept and ${told.length} told of`]),
    ],
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

const row: FaultRow = {
  row: 14,
  title: 'Webhooks come ten times each, shuffled, before the answer, stale and forged',
  promise: [2, 3, 4, 5],
  loadFull: '400 purchases, 1 API and 1 worker process, a provider over HTTP',
  loadShort: '30 purchases, 1 API and 1 worker process, a provider over HTTP',
  invariant: 'every order stands where its payment stands at the provider; forged and stale webhooks have no effect',
  run,
};
export default row;
