/** Row 11: the gateway times out before and after it has booked, fails, and declines; then it heals. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocalEngine } from '../engine/local-shop.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { placeOverTime, planPurchases } from '../harness/load.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack, type Stack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';

const GATEWAY_TIMEOUT_MS = 300;
const RATES = { timeoutBefore: 0.1, timeoutAfter: 0.1, error500: 0.1, cutAfter: 0.05, decline: 0.05 };

async function heal(stack: Stack): Promise<void> {
  const url = await readFile(join(stack.booksPath, 'address'), 'utf8');
  const answer = await fetch(new URL('/script', url), { method: 'DELETE' });
  if (!answer.ok) throw new Error(`the gateway did not heal: ${await answer.text()}`);
}

/** Orders of which nobody knows whether the money has moved. */
async function countUnknown({ database: { sql } }: Stack): Promise<number> {
  const [row] = await sql<
    { unknown: number }[]
  >`select count(*)::int as unknown from "order" where status = 'CAPTURING'`;
  return row?.unknown ?? 0;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random, say } = context;
  const purchases = isShort ? 100 : 1_500;
  const stack = await openStack(context, { purchases, gatewayFaults: RATES });
  for (let engines = 0; engines < 2; engines++) {
    const engine = context.keep(await openLocalEngine(stack, { gatewayTimeoutMs: GATEWAY_TIMEOUT_MS }));
    engine.start();
  }
  say(`${purchases} purchases on a gateway that fails four calls of ten`);
  const plan = planPurchases(stack.market, purchases, random, 0);
  const acknowledged = await placeOverTime(stack.database, plan, { durationMs: isShort ? 2_000 : 40_000, batch: 5 });
  const unknownMid = await countUnknown(stack);
  await heal(stack);
  const restMs = await waitForRest(stack);
  const unknown = await countUnknown(stack);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, acknowledged);
  const streams = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  const charged = audit.figures['charged twice'];
  return {
    injected: '10% of calls time out before they are booked, 10% after; 10% answered 500; 5% cut after; 5% declined',
    figures: {
      ...audit.figures,
      'unknown when it healed': unknownMid,
      'unknown in the end': unknown,
      'seconds from healing to rest': (restMs / 1_000).toFixed(1),
    },
    violations: [
      ...audit.violations,
      ...streams.violations,
      ...(unknown > 0 ? [`${unknown} outcomes are still unknown`] : []),
      ...(charged > 0 ? [`${charged} purchases were charged twice`] : []),
    ],
  };
}

const row: FaultRow = {
  row: 11,
  title: 'The gateway times out before and after booking, fails and declines',
  promise: [2, 3, 4],
  loadFull: '1,500 purchases, 2 engines',
  loadShort: '100 purchases, 2 engines',
  invariant: 'captures ≤ 1 per purchase; what is unknown goes to 0 once the gateway has healed',
  run,
};
export default row;
