import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runs } from '../../src/db/tables/index.ts';
import { useApi } from './support/api.ts';
import { market, PLACE_ORDER, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const placedSchema = z.object({ data: z.object({ placeOrder: z.object({ order: z.object({ id: z.string() }) }) }) });

/** A purchase by a request with these headers, and the run that the worker began of it. */
async function buy(headers: Record<string, string> = {}) {
  const { editionId } = await shop.onSale();
  const { token } = await api.signUp();
  const input = { editionId, currency: 'EUR', paymentToken: 'tok_ok', idempotencyKey: randomUUID() };
  const response = await fetch(`${api.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ query: PLACE_ORDER, variables: { input } }),
  });
  const orderId = uuidIn(placedSchema.parse(await response.json()).data.placeOrder.order.id);
  const [event] = await api.db.query.events.findMany({ where: { subject: `order:${orderId}` } });
  const atEventId = event?.id ?? 0;
  const run = { id: `purchase/${atEventId}`, workflow: 'purchase', subject: `order:${orderId}`, atEventId };
  const began = { ...run, shard: 0, state: 'RUNNING' as const, stage: 'purchase.validate', startedAt: new Date() };
  await api.db.insert(runs).values(began);
  return { runId: run.id, requestId: response.headers.get('x-request-id') ?? '' };
}

const found = z.object({
  runs: z.object({
    nodes: z.array(z.object({ id: z.string(), timeline: z.array(z.object({ traceId: z.string().nullable() })) })),
  }),
});
async function search(text: string) {
  const { token } = await api.signUp('ADMIN');
  const query = `query ($text: String!) { runs(first: 10, filter: { search: $text }) { nodes { id timeline { traceId } } } }`;
  return found.parse((await api.ask(query, { text }, token)).data).runs.nodes;
}

describe('a run is found', () => {
  test.each([
    ['digits', TRACE],
    ['capitals', TRACE.toUpperCase()],
    ['as a UUID', '4bf92f35-77b3-4da6-a3ce-929d0e0e4736'],
    ['in the whole header', `00-${TRACE}-00f067aa0ba902b7-01`],
  ])('by the trace of the request that began it: %s', async (_how, text) => {
    const { runId, requestId } = await buy({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
    await buy();
    expect(await search(text)).toEqual([{ id: runId, timeline: [{ traceId: TRACE }] }]);
    expect(await search(requestId)).toEqual([]);
  });

  test.each([
    ['none'],
    ['words'],
    [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
    [`00-${TRACE}-${'0'.repeat(16)}-01`],
    [`ff-${TRACE}-00f067aa0ba902b7-01`],
    [`00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`],
    [`00-${TRACE}-00f067aa0ba902b7`],
  ])('by the id of the request, where its traceparent is %s', async (traceparent) => {
    const { runId, requestId } = await buy(traceparent === 'none' ? {} : { traceparent });
    const [run] = await search(requestId);
    expect(run).toEqual({ id: runId, timeline: [{ traceId: requestId.replaceAll('-', '') }] });
    expect(await search(TRACE)).toEqual([]);
  });

  test('beside all others of its trace', async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    const runIds = [(await buy(headers)).runId, (await buy(headers)).runId];
    expect(new Set((await search(TRACE)).map(({ id }) => id))).toEqual(new Set(runIds));
  });
});
