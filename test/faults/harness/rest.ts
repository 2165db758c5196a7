/** Rest: every order and run has ended, every event was sent. The audits are for a market at rest. */
import { countOpenOrders, countOpenRuns } from './invariants.ts';
import type { Stack } from './stack.ts';
import { waitFor } from './wait.ts';

const REST_TIMEOUT_MS = 120_000;

/** @returns milliseconds until the last order had ended; what hangs off a finished order may end later */
export async function waitForRest(stack: Pick<Stack, 'database'>, timeoutMs = REST_TIMEOUT_MS): Promise<number> {
  const { sql } = stack.database;
  const startedAt = performance.now();
  await waitFor('the end of every purchase', timeoutMs, async () => (await countOpenOrders(sql)) === 0);
  const restMs = performance.now() - startedAt;
  await waitForRuns(stack, timeoutMs);
  return restMs;
}

/** The end of every run, and the sending of every event: nothing is left to do but for orders that were never whole. */
export async function waitForRuns(
  { database: { sql } }: Pick<Stack, 'database'>,
  timeoutMs = REST_TIMEOUT_MS,
): Promise<void> {
  await waitFor('the end of every run and the sending of every event', timeoutMs, async () => {
    if ((await countUnbegun(sql)) > 0 || (await countOpenRuns(sql)) > 0) return false;
    // Last: a run that ends between two looks leaves an event to be sent.
    const [row] = await sql<{ unsent: string }[]>`select count(*) as unsent from outbox where pub_seq is null`;
    return Number(row?.unsent) === 0;
  });
}

/** What begins when something else has ended, by the event that says so. */
const FOLLOWERS = [
  ['order.completed', 'receipt'],
  ['order.completed', 'webhooks-order-completed'],
  ['refund.settled', 'webhooks-refund-settled'],
  ['payout.paid', 'payout-mail-paid'],
  ['payout.failed', 'payout-mail-failed'],
  ['payout.returned', 'payout-mail-returned'],
  ['payout.paid', 'webhooks-payout-paid'],
  ['payout.failed', 'webhooks-payout-failed'],
  ['payout.returned', 'webhooks-payout-returned'],
  ['edition.published', 'webhooks-edition-published'],
  ['edition.published', 'announcement'],
  ['edition.published', 'enrich'],
] as const;

/** Finished orders and books whose mails and suggestions have not begun: their events are on the way. */
async function countUnbegun(sql: Stack['database']['sql']): Promise<number> {
  let unbegun = 0;
  for (const [type, workflow] of FOLLOWERS) {
    const [row] = await sql<{ count: string }[]>`
      select count(*) from event e
      where e.type = ${type} and not exists (select from run r where r.id = ${workflow} || '/' || e.id)`;
    unbegun += Number(row?.count);
  }
  return unbegun;
}
