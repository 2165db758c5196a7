/**
 * Row 21: subscribers are cut off in the middle of purchases and resume: by Last-Event-ID over server-sent events, by
 * `after` over graphql-ws.
 */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { waitForRest } from '../harness/rest.ts';
import { freePort } from '../harness/servers.ts';
import { browse, buy, type ShopBuyer, signUp } from '../harness/shop-client.ts';
import { openStack } from '../harness/stack.ts';

const ORDER_STATUS = 'subscription ($id: ID!, $after: Int) { orderStatus(orderId: $id, after: $after) { seq status } }';
const ENDS = new Set(['COMPLETED', 'DECLINED', 'CANCELLED', 'EXPIRED']);
const READ_TIMEOUT_MS = 30_000;

const updateSchema = z.object({
  data: z.object({ orderStatus: z.object({ seq: z.int(), status: z.string() }) }),
});
interface Update {
  readonly seq: number;
  readonly status: string;
}

/** Reads a few updates and leaves without a word. @returns what was read */
type Reader = (url: string, buyer: ShopBuyer, id: string, after: number | null, most: number) => Promise<Update[]>;

const readEvents: Reader = async (url, buyer, id, after, most) => {
  const leaving = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(READ_TIMEOUT_MS)]),
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${buyer.token}`,
      ...(after !== null && { 'last-event-id': String(after) }),
    },
    body: JSON.stringify({ query: ORDER_STATUS, variables: { id } }),
  });
  const updates: Update[] = [];
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = /^data: ?(.+)$/m.exec(block)?.[1];
      if (data === undefined || updates.length >= most) continue;
      updates.push(updateSchema.parse(JSON.parse(data)).data.orderStatus);
    }
    if (updates.length >= most || ENDS.has(updates.at(-1)?.status ?? '')) break;
  }
  leaving.abort();
  return updates;
};

const readSocket: Reader = async (url, buyer, id, after, most) => {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${buyer.token}` },
    retryAttempts: 0,
  });
  const updates: Update[] = [];
  for await (const result of client.iterate({ query: ORDER_STATUS, variables: { id, after } })) {
    updates.push(updateSchema.parse(result).data.orderStatus);
    if (updates.length >= most || ENDS.has(updates.at(-1)?.status ?? '')) break;
  }
  client.terminate();
  await client.dispose();
  return updates;
};

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random, say } = context;
  const cutsMin = isShort ? 10 : 100;
  const stack = await openStack(context, { purchases: 1 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await Promise.all([stack.api('api', port).start(), stack.worker('worker-1').start()]);
  const editionIds = await browse(url);
  const violations: string[] = [];
  let cuts = 0;
  let seen = 0;
  let missed = 0;
  let repeated = 0;
  let orders = 0;
  while (cuts < cutsMin) {
    const buyer = await signUp(url);
    for (const editionId of editionIds.slice(0, 5)) {
      const { orderId } = await buy(url, buyer, editionId, 'tok_slow');
      const globalId = Buffer.from(`Order:${orderId}`).toString('base64url');
      orders += 1;
      const updates: Update[] = [];
      while (!ENDS.has(updates.at(-1)?.status ?? '')) {
        const read = random.next() < 0.5 ? readEvents : readSocket;
        updates.push(...(await read(url, buyer, globalId, updates.at(-1)?.seq ?? null, random.whole(1, 2))));
        cuts += 1;
      }
      const seqs = updates.map(({ seq }) => seq);
      const expected = await told(stack.database.sql, orderId, seqs[0] ?? 0, seqs.at(-1) ?? 0);
      seen += seqs.length;
      missed += expected.filter((seq) => !seqs.includes(seq)).length;
      repeated += seqs.length - new Set(seqs).size;
      if (seqs.join() !== expected.join())
        violations.push(`order ${orderId} showed ${seqs.join()}, not ${expected.join()}`);
    }
    say(`${cuts} cuts`);
  }
  await waitForRest(stack);
  return {
    injected: `${cuts} connections dropped by their readers while purchases were under way, then resumed`,
    figures: { orders, cuts, 'updates seen': seen, missed, repeated },
    violations,
  };
}

/** What happened from the first update seen to the last. */
async function told(
  sql: Awaited<ReturnType<typeof openStack>>['database']['sql'],
  orderId: string,
  first: number,
  last: number,
): Promise<number[]> {
  const rows = await sql<{ seq: number }[]>`
    select seq from event where subject = ${`order:${orderId}`} and seq between ${first} and ${last} order by seq`;
  return rows.map(({ seq }) => seq);
}

const row: FaultRow = {
  row: 21,
  title: 'Subscribers are cut off mid-purchase and resume',
  promise: [6],
  loadFull: 'at least 100 cuts, by chance over server-sent events (Last-Event-ID) or graphql-ws (`after`)',
  loadShort: 'at least 10 cuts',
  invariant: '0 missed, 0 repeated, in order',
  run,
};
export default row;
