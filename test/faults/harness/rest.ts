/** Rest: every order and run has ended, every event was sent. The audits are for a market at rest. */
import { countOpenOrders, countOpenRuns } from './invariants.ts';
import type { Stack } from './stack.ts';
import { waitFor } from './wait.ts';

/** @returns milliseconds until the last order had ended; what hangs off a finished order may end later */
export async function waitForRest(
  { database: { sql } }: Pick<Stack, 'database'>,
  timeoutMs = 120_000,
): Promise<number> {
  const startedAt = performance.now();
  await waitFor('the end of every purchase', timeoutMs, async () => (await countOpenOrders(sql)) === 0);
  const restMs = performance.now() - startedAt;
  await waitFor('the end of every run and the sending of every event', timeoutMs, async () => {
    const [row] = await sql<{ unsent: string }[]>`select count(*) as unsent from outbox where pub_seq is null`;
    return Number(row?.unsent) === 0 && (await countOpenRuns(sql)) === 0;
  });
  return restMs;
}
