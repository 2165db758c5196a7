/** Row 7: PostgreSQL is shut down at once and started again while buyers buy over HTTP. */
import { auditPurchases } from '../harness/invariants.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { browse, type PlacedOrder, shop, signUp } from '../harness/shop-client.ts';
import { KEY_PREFIX, openStack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';
import { pause } from '../harness/wait.ts';

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const restarts = isShort ? 2 : 10;
  const buyerCount = isShort ? 4 : 20;
  const booksEach = isShort ? 10 : 50;
  const stack = await openStack(context, { purchases: 1 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const api = stack.api('api', port);
  const workers = ['worker-1', 'worker-2'].map((name) => stack.worker(name));
  await Promise.all([api, ...workers].map((one) => one.start()));
  const editionIds = (await browse(url)).slice(0, booksEach);
  const buyers = await Promise.all(Array.from({ length: buyerCount }, () => signUp(url)));
  say(`${buyerCount} buyers over HTTP, ${buyerCount * booksEach} purchases, ${restarts} restarts of PostgreSQL`);

  const placed: PlacedOrder[] = [];
  const shopping = shop(url, buyers, {
    editionIds,
    paymentToken: () => (random.next() < 0.05 ? 'tok_declined' : 'tok_succeeds'),
    paceMs: () => random.whole(0, isShort ? 1_000 : 1_500),
    onPlaced: (order) => placed.push(order),
  });
  shopping.catch(() => {});
  for (let restart = 0; restart < restarts; restart++) {
    await pause(random.whole(200, 1_500));
    await stack.postgres.crash();
    await pause(random.whole(0, 2_000));
    await stack.postgres.start();
  }
  await shopping;
  await waitForRest(stack);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, placed);
  const streams = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  const [found] = await stack.database.sql<{ count: string }[]>`select count(*) from "order"`;
  const wanted = buyerCount * booksEach;
  const died = [api, ...workers].filter((one) => !one.isRunning);
  return {
    injected: `${restarts} × immediate shutdown of PostgreSQL, back after 0 to 2 s`,
    figures: {
      ...audit.figures,
      'purchases asked for more than once': placed.filter(({ asked }) => asked > 1).length,
    },
    violations: [
      ...audit.violations,
      ...streams.violations,
      ...(Number(found?.count) === wanted ? [] : [`${wanted} purchases made ${found?.count ?? 0} orders`]),
      ...died.map((one) => `${one.name} did not survive`),
    ],
  };
}

const row: FaultRow = {
  row: 7,
  title: 'PostgreSQL is restarted at once while buyers buy',
  promise: [1, 2, 5],
  loadFull: '1,000 purchases over HTTP by 20 buyers, 1 API, 2 workers, 10 restarts',
  loadShort: '40 purchases over HTTP by 4 buyers, 1 API, 2 workers, 2 restarts',
  invariant: '0 lost, no false success, no second order, every process survives',
  run,
};
export default row;
