/** When work goes on again after a fault, seen in the orders themselves. */
import type { Database } from '../../../src/db/client.ts';
import { waitFor } from './wait.ts';

/**
 * Waits until some stage has stored an event that was caused after this call. Orders must be flowing meanwhile.
 * @returns milliseconds it took
 */
export async function awaitWork(sql: Database['sql'], timeoutMs: number): Promise<number> {
  const startedAt = performance.now();
  const [before] = await sql<{ last: string | null }[]>`select max(id) as last from event`;
  const last = before?.last ?? '0';
  await waitFor('any further work', timeoutMs, async () => {
    const [found] = await sql`select 1 from event where id > ${last} and stage like 'purchase.%' limit 1`;
    return found !== undefined;
  });
  return performance.now() - startedAt;
}
