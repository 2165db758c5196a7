/** The saga that all contestants of the bench do: its stages may come twice, and its audit finds what is lost or doubled. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSagaShop } from '../../bench/src/purchases/saga/shop.ts';
import { IN_ONE_COMMIT, IN_THREE_COMMITS, IN_TWO_COMMITS, STAGES } from '../../bench/src/purchases/saga/stages.ts';
import type { Shop } from '../../bench/src/purchases/contestant.ts';
import { cloneDatabase } from '../support/database.ts';

let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let shop: Shop;

beforeAll(async () => {
  clone = await cloneDatabase();
  shop = await openSagaShop({ databaseUrl: clone.url, redisUrl: '', folder: '' }, 0);
});
afterAll(async () => {
  await shop.close();
  await clone.drop();
});

async function placeOrders(count: number): Promise<string[]> {
  const orderIds = shop.plan(count);
  await shop.place(orderIds);
  return orderIds;
}

const run = (statement: string, orderIds: readonly string[]) =>
  clone.database.sql.unsafe(statement, [`{${orderIds.join(',')}}`]);

describe('the stages', () => {
  test.each([
    ['three', IN_THREE_COMMITS],
    ['two', IN_TWO_COMMITS],
    ['one', IN_ONE_COMMIT],
  ])('complete each purchase exactly once in %s commits, even when each of them comes twice', async (_count, all) => {
    const orderIds = await placeOrders(3);
    for (const statement of all) {
      await run(statement, orderIds);
      await run(statement, orderIds);
    }
    expect(await shop.audit(orderIds)).toEqual([]);
  });

  test('do nothing out of their order', async () => {
    const orderIds = await placeOrders(1);
    await run(STAGES.fulfil, orderIds);
    await run(STAGES.charge, orderIds);
    expect(await shop.audit(orderIds)).toHaveLength(4);
  });
});

describe('the audit', () => {
  test('tells purchases that were lost on the way', async () => {
    const orderIds = await placeOrders(2);
    await run(STAGES.validate, orderIds);
    await run(STAGES.charge, orderIds.slice(0, 1));
    expect(await shop.audit(orderIds)).toEqual([
      '2 purchases were not completed',
      '1 purchases do not have exactly one payment',
      '2 purchases do not have exactly one licence',
      '1 purchases do not have exactly two ledger lines that sum to zero',
    ]);
  });

  test('tells purchases that were paid twice', async () => {
    const orderIds = await placeOrders(2);
    for (const statement of IN_THREE_COMMITS) await run(statement, orderIds);
    await clone.database.sql`
      insert into purchase_payment (order_id, idempotency_key, amount_minor)
      values (${orderIds[0] ?? ''}, 'another key', 999)`;
    expect(await shop.audit(orderIds)).toEqual(['1 purchases do not have exactly one payment']);
  });
});
