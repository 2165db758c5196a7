/** Row 13: one idempotency key is sent fifty times at once, and again with another body. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { auditPurchases, tell } from '../harness/invariants.ts';
import { waitForRest } from '../harness/rest.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { askOnce, askUntilAnswered, browse, signUp } from '../harness/shop-client.ts';
import { openStack } from '../harness/stack.ts';

const AT_ONCE = 50;
const ANSWER_TIMEOUT_MS = 60_000;
const PLACE_ORDER = `mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
    __typename ... on PlaceOrderPayload { order { id total { amountMinor currency } createdAt } } ... on Error { code message }
  }
}`;

const answerSchema = z.object({
  __typename: z.string(),
  code: z.string().optional(),
  order: z.object({ id: z.string() }).optional(),
});

async function run(context: FaultContext): Promise<FaultResult> {
  const purchases = context.isShort ? 3 : 40;
  const stack = await openStack(context, { purchases: 1 });
  const ports = [await freePort(), await freePort()];
  const apis = ports.map((port, index) => stack.api(`api-${index + 1}`, port));
  const worker = stack.worker('worker-1');
  await Promise.all([...apis, worker].map((part) => part.start()));
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const [url = ''] = urls;
  const editionIds = await browse(url);
  const violations: string[] = [];
  const placed: { orderId: string }[] = [];
  let replays = 0;
  let conflicts = 0;
  for (let purchase = 0; purchase < purchases; purchase++) {
    const buyer = await signUp(url);
    const place = async (index: number, input: object) => {
      const asked = await askUntilAnswered(
        () => askOnce(urls[index % urls.length] ?? url, PLACE_ORDER, { input }, buyer.token),
        ANSWER_TIMEOUT_MS,
      );
      return asked.answer;
    };
    const input = {
      editionId: editionIds[purchase % editionIds.length],
      currency: 'EUR',
      paymentToken: 'tok_succeeds',
      idempotencyKey: randomUUID(),
    };
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => place(index, input)));
    const different = new Set(answers.map((answer) => JSON.stringify(answer)));
    if (different.size !== 1)
      violations.push(`one key was answered in ${different.size} ways: ${[...different].join(' ')}`);
    replays += answers.length - 1;
    const orderId = idOf(answerSchema.parse(answers[0]).order?.id);
    if (orderId === null) violations.push(`no order was placed: ${JSON.stringify(answers[0])}`);
    else placed.push({ orderId });
    for (const other of [
      { paymentToken: 'tok_other' },
      { editionId: editionIds[(purchase + 1) % editionIds.length] },
    ]) {
      const answer = answerSchema.parse(await place(0, { ...input, ...other }));
      if (answer.__typename === 'IdempotencyConflict') conflicts += 1;
      else violations.push(`another body under the same key was answered by ${answer.__typename}`);
    }
  }
  await waitForRest(stack);
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, placed);
  const orders = await stack.database.sql<{ id: string }[]>`select id from "order"`;
  const surplus = orders.filter(({ id }) => !placed.some(({ orderId }) => orderId === id));
  return {
    injected: `${purchases} keys, each sent ${AT_ONCE} times at once to two API processes, and twice with another body`,
    figures: { ...audit.figures, orders: orders.length, 'identical replays': replays, 'typed conflicts': conflicts },
    violations: [...violations, ...tell('orders that nobody asked for', surplus, ({ id }) => id), ...audit.violations],
  };
}

function idOf(globalId: string | undefined): string | null {
  return (
    Buffer.from(globalId ?? '', 'base64url')
      .toString('utf8')
      .split(':')[1] ?? null
  );
}

const row: FaultRow = {
  row: 13,
  title: 'One idempotency key is sent fifty times at once, then with another body',
  promise: [2],
  loadFull: '40 keys × 50 requests over HTTP to 2 API processes',
  loadShort: '3 keys × 50 requests over HTTP to 2 API processes',
  invariant: '1 charge a key, identical replays, a typed conflict for another body',
  run,
};
export default row;
