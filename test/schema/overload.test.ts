import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { useApi } from './support/api.ts';
import { market } from './support/market.ts';

let nowMs = Date.parse('2026-01-01T00:00:00Z');
const api = useApi({ backlogEventsMax: 50, now: () => new Date(nowMs) });
const shop = market(api);

const waiting = (count: number) =>
  api.db.execute(sql`
    insert into outbox (shard, stream, event_ids) select 0, 'x', array[n] from generate_series(1, ${count}::int) n`);

test('when too much waits a new order is refused and what was accepted is answered again', async () => {
  const { editionId } = await shop.onSale();
  const [early, late] = [await api.signUp(), await api.signUp()];
  const idempotencyKey = randomUUID();
  const accepted = await shop.order(early.token, editionId, { idempotencyKey });
  expect(accepted).toMatchObject({ __typename: 'PlaceOrderPayload' });
  await waiting(100);
  nowMs += 1_000;
  expect(await shop.order(late.token, editionId)).toMatchObject({ __typename: 'OverloadedError', code: 'OVERLOADED' });
  expect(await shop.count('order', late.id)).toBe(0);
  expect(await shop.order(early.token, editionId, { idempotencyKey })).toEqual(accepted);
  await api.db.execute(sql`delete from outbox where stream = 'x'`);
  nowMs += 1_000;
  expect(await shop.order(late.token, editionId)).toMatchObject({ __typename: 'PlaceOrderPayload' });
});

test('forty orders at once do not wait for each other for ever', async () => {
  const { editionId } = await shop.onSale();
  const readers = await Promise.all(Array.from({ length: 40 }, () => api.signUp()));
  nowMs += 10_000;
  const answers = await Promise.all(readers.map((reader) => shop.order(reader.token, editionId)));
  expect(new Set(answers.map((answer) => answer.__typename))).toEqual(new Set(['PlaceOrderPayload']));
});
