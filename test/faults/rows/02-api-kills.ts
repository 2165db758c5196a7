/** Row 2: the API is killed while buyers buy over HTTP; each asks again with the same key until it is answered. */
import { auditPurchases } from '../harness/invariants.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { browse, type PlacedOrder, shop, signUp } from '../harness/shop-client.ts';
import { openStack } from '../harness/stack.ts';
import { pause } from '../harness/wait.ts';

async function run(context: FaultContext): Promise<FaultResult> {
  const { random, isShort, say } = context;
  const buyerCount = isShort ? 4 : 10;
  const booksEach = isShort ? 10 : 50;
  const killsMin = isShort ? 3 : 20;
  const stack = await openStack(context, { purchases: 1 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const api = stack.api('api', port);
  const worker = stack.worker('worker-1');
  await Promise.all([api.start(), worker.start()]);
  const editionIds = (await browse(url)).slice(0, booksEach);
  const buyers = await Promise.all(Array.from({ length: buyerCount }, () => signUp(url)));
  say(`${buyerCount} buyers over HTTP, ${buyerCount * booksEach} purchases, at least ${killsMin} kills of the API`);

  const placed: PlacedOrder[] = [];
  const shopped = new AbortController();
  const shopping = shop(url, buyers, {
    editionIds,
    paymentToken: () => (random.next() < 0.05 ? 'tok_declined' : 'tok_succeeds'),
    onPlaced: (order) => placed.push(order),
    paceMs: () => random.whole(0, isShort ? 1_500 : 2_500),
  }).finally(() => shopped.abort());
  shopping.catch(() => {});
  let kills = 0;
  let killsInShopping = 0;
  while (!shopped.signal.aborted || kills < killsMin) {
    await pause(random.whole(100, 2_500));
    if (!shopped.signal.aborted) killsInShopping += 1;
    await api.kill();
    kills += 1;
    await api.start();
  }
  await shopping;
  await waitForRest(stack);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, placed);
  const askedAgain = placed.filter(({ asked }) => asked > 1).length;
  const wanted = buyerCount * booksEach;
  return {
    injected: `${kills} × kill -9 of the API, ${killsInShopping} of them while buyers were buying`,
    figures: { ...audit.figures, 'purchases asked for more than once': askedAgain },
    violations: [
      ...audit.violations,
      ...(placed.length === wanted ? [] : [`${placed.length} of ${wanted} purchases were acknowledged`]),
      ...(audit.figures.completed + audit.figures.declined === wanted
        ? []
        : [
            `${wanted} purchases were wanted, and ${audit.figures.completed + audit.figures.declined} orders were made`,
          ]),
    ],
  };
}

const row: FaultRow = {
  row: 2,
  title: 'The API is killed while buyers buy',
  promise: [1, 2],
  loadFull: '500 purchases over HTTP by 10 buyers, 1 API, 1 worker, 20 kills or more',
  loadShort: '40 purchases over HTTP by 4 buyers, 1 API, 1 worker, 3 kills or more',
  invariant: 'every acknowledged purchase reaches an end state, and asking again makes no second order',
  run,
};
export default row;
