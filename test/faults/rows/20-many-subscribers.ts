/**
 * Row 20: ten thousand subscribers in one process, each watching an order of its own, and a thousand events a second, each
 * for one of them. First over server-sent events, then over graphql-ws, each in a fresh process of the API.
 * How memory and latency are measured: ../live/crowd.ts.
 */
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack } from '../harness/stack.ts';
import { type CrowdLoad, openApi, type Watched, watchInCrowd } from '../live/crowd.ts';
import { openShoppers } from '../live/shoppers.ts';

const BYTES_MAX = 30_000;
const P99_MS_MAX = 50;

const FULL: CrowdLoad = { subscribers: 10_000, forerunners: 2_000, perSecond: 1_000, warmUpSeconds: 0, seconds: 20 };
const SHORT: CrowdLoad = { subscribers: 100, forerunners: 20, perSecond: 200, warmUpSeconds: 0, seconds: 1 };

async function run(context: FaultContext): Promise<FaultResult> {
  const load = context.isShort ? SHORT : FULL;
  const stack = await openStack(context, { purchases: 1 });
  await stack.worker('worker-1').start();
  const shoppers = await openShoppers(stack.database, load.subscribers + load.forerunners);
  const figures: Record<string, string | number> = {};
  const violations: string[] = [];
  let watched: Watched | undefined;
  for (const protocol of ['SSE', 'WS'] as const) {
    // A full load has a fresh process for each.
    if (!watched || !context.isShort) {
      await watched?.api.stop();
      watched = await openApi(context, stack, `api-${protocol}`);
    }
    const seen = await watchInCrowd(context, stack, watched, shoppers, protocol, load);
    const { bytesEach, p50Ms, p99Ms, missed, disordered, ended, faults, events } = seen;
    Object.assign(figures, {
      [`${protocol} KB each`]: (bytesEach / 1_000).toFixed(1),
      [`${protocol} events`]: events,
      [`${protocol} p50, p99 (ms)`]: `${p50Ms}, ${p99Ms}`,
      [`${protocol} missed`]: missed,
    });
    if (missed > 0) violations.push(`${protocol}: ${missed} events were missed`);
    if (disordered > 0) violations.push(`${protocol}: ${disordered} events came out of turn`);
    if (ended > 0) violations.push(`${protocol}: ${ended} subscriptions ended by themselves`);
    violations.push(...faults.slice(0, 3).map((fault) => `${protocol}: instead of an update came ${fault}`));
    if (context.isShort) continue;
    if (bytesEach > BYTES_MAX) violations.push(`${protocol}: a subscriber costs ${bytesEach} bytes`);
    if (p99Ms > P99_MS_MAX) violations.push(`${protocol}: delivery took ${p99Ms} ms at p99`);
  }
  return {
    injected: `${load.subscribers} subscribers of one process, over server-sent events and again over graphql-ws; ${load.perSecond} events a second for ${load.seconds} s`,
    figures,
    violations,
  };
}

const row: FaultRow = {
  row: 20,
  title: 'Ten thousand subscribe to one process',
  promise: [6],
  loadFull: '10,000 subscribers of an order each and 1,000 events a second for 20 s, over SSE, then over graphql-ws',
  loadShort: '100 subscribers and 200 events, over SSE, then over graphql-ws',
  invariant: '≤ 30 KB each; delivery p99 ≤ 50 ms; nothing missed, nothing out of turn',
  run,
};
export default row;
