/** An author is paid by the running program, over HTTP alone: from the first sale to a payout that the bank sends back. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { readSandboxBooks } from '../../src/ports/payments/sandbox/books.ts';
import { openMarket } from '../faults/harness/load.ts';
import { freePort } from '../faults/harness/servers.ts';
import { openEvents } from '../schema/support/event-source.ts';
import { globalId } from '../schema/support/market.ts';
import { cloneDatabase } from '../support/database.ts';
import { type Program, startProgram } from './program.ts';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let program: Program;

beforeAll(async () => {
  clone = await cloneDatabase();
  program = await startProgram(
    { databaseUrl: clone.url, redisUrl: inject('redisUrl') },
    // The provider's webhooks come to the port that is configured.
    { PAYOUT_HOLD_DAYS: '0', PAYOUT_THRESHOLD: 'EUR:500', PORT: String(await freePort()) },
  );
}, 60_000);
afterAll(async () => {
  await program?.stop();
  await clone?.drop();
});

const answer = z.object({ data: z.record(z.string(), z.unknown()).nullish(), errors: z.array(z.unknown()).optional() });
async function ask(query: string, variables: object, token?: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${program.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = answer.parse(await response.json());
  expect(errors).toBeUndefined();
  return data ?? {};
}

async function signUp(role: 'READER' | 'AUTHOR' | 'ADMIN') {
  const input = { name: 'Ada', email: `${randomUUID()}@example.org`, password: 'a long enough password' };
  const made = await ask(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { ... on SignUpPayload { session { token viewer { id } } } } }',
    { input },
  );
  const session = z.object({ token: z.string(), viewer: z.object({ id: z.string() }) });
  const { token, viewer } = z.object({ signUp: z.object({ session }) }).parse(made).signUp.session;
  const id = Buffer.from(viewer.id, 'base64url').toString().split(':')[1] ?? '';
  await clone.database.sql`update "user" set role = ${role} where id = ${id}`;
  return { token, id };
}

/** What a subscription tells, until it tells what is waited for. */
async function watch(query: string, field: string, variables: Record<string, unknown>, token: string) {
  const source = await openEvents(program.url, query, { variables, token });
  return {
    until: async (status: string): Promise<Record<string, unknown>> => {
      for (;;) {
        const event = await source.next();
        const update = z.looseObject({ status: z.string() }).parse(event?.data?.[field]);
        if (update.status === status) return update;
      }
    },
    close: () => source.close(),
  };
}

test('an author answers the provider, is paid for a sale, and has it in the balance again when it comes back', async () => {
  const [author, reader, admin] = [await signUp('AUTHOR'), await signUp('READER'), await signUp('ADMIN')];
  const market = await openMarket(clone.database, 1);
  await clone.database.sql`update work set owner_id = ${author.id}`;
  await clone.database.sql`update edition set owner_id = ${author.id}`;
  const editionId = globalId('Edition', market.editionIds[0] ?? '');
  const placed = await ask(
    `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { ... on PlaceOrderPayload { order { id } } } }`,
    { input: { editionId, currency: 'EUR', paymentToken: 'tok_succeeds', idempotencyKey: randomUUID() } },
    reader.token,
  );
  const { id: orderId } = z.object({ placeOrder: z.object({ order: z.object({ id: z.string() }) }) }).parse(placed)
    .placeOrder.order;
  const ORDER = 'subscription ($id: ID!) { orderStatus(orderId: $id) { status } }';
  const order = await watch(ORDER, 'orderStatus', { id: orderId }, reader.token);
  await order.until('COMPLETED');
  order.close();

  await ask(
    'mutation ($input: OpenPayeeInput!) { openPayee(input: $input) { __typename } }',
    { input: { country: 'DE', idempotencyKey: randomUUID() } },
    author.token,
  );
  const PAYEE = 'subscription { payeeStatus { status payee { onboardingUrl } } }';
  const payee = await watch(PAYEE, 'payeeStatus', {}, author.token);
  const { onboardingUrl } = z
    .object({ payee: z.object({ onboardingUrl: z.url() }) })
    .parse(await payee.until('ONBOARDING')).payee;
  await fetch(`${onboardingUrl}/complete`, { method: 'POST' });
  await payee.until('READY');
  payee.close();

  const asked = await ask(
    `mutation ($input: RequestPayoutInput!) { requestPayout(input: $input) {
      ... on RequestPayoutPayload { payout { id amount { amount } } } ... on Error { message } } }`,
    { input: { currency: 'EUR', idempotencyKey: randomUUID() } },
    author.token,
  );
  const { payout } = z
    .object({ requestPayout: z.object({ payout: z.object({ id: z.string(), amount: z.unknown() }) }) })
    .parse(asked).requestPayout;
  expect(payout.amount).toEqual({ amount: '6.99' });
  const PAYOUT = 'subscription ($id: ID!) { payoutStatus(payoutId: $id) { status reason } }';
  const status = await watch(PAYOUT, 'payoutStatus', { id: payout.id }, author.token);
  await status.until('PAID');

  // The bank sends it back; the provider tells us by webhook.
  const books = await readSandboxBooks(`${program.dataDir}/gateway`);
  const ref = books.payouts[0]?.payoutRef ?? '';
  await fetch(new URL(`/payouts/${ref}/fail`, onboardingUrl), { method: 'POST' });
  expect(await status.until('FAILED')).toMatchObject({ reason: expect.stringContaining('in your balance again') });
  status.close();
  const balances = await ask('{ authorBalances { payable { amount } processing { amount } } }', {}, author.token);
  expect(balances).toEqual({ authorBalances: [{ payable: { amount: '6.99' }, processing: { amount: '0.00' } }] });

  const RUN = 'mutation ($input: RunScheduleInput!) { runSchedule(input: $input) { __typename } }';
  await ask(RUN, { input: { name: 'reconcile' } }, admin.token);
  await expect
    .poll(() => ask('{ reconciliation { movements open endedAt } ledgerAudit { isSound } }', {}, admin.token), {
      timeout: 10_000,
    })
    .toMatchObject({
      reconciliation: { movements: 3, open: 0, endedAt: expect.any(String) },
      ledgerAudit: { isSound: true },
    });
}, 30_000);
