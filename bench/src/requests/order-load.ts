/** Purchases as requests: buyers with sessions, books on sale, and one placeOrder after another, none of them twice. */
import { randomUUID } from 'node:crypto';
import type { Database } from '../../../src/db/client.ts';
import { newId } from '../../../src/db/tables/columns.ts';
import { sessions } from '../../../src/db/tables/index.ts';
import { openMarket } from '../../../test/faults/harness/load.ts';

const PLACE_ORDER = `mutation Buy($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename
  ... on PlaceOrderPayload { order { id status } } ... on Error { code message } } }`;
const SESSION_MS = 24 * 60 * 60_000;
const ROWS_MAX = 500;

export interface OrderSource {
  /** The next purchase: another buyer for every request, and the same book for nobody twice. */
  next(): { body: string; token: string };
}

/** @param purchases how many can be made at most */
export async function openOrderSource(database: Database, purchases: number): Promise<OrderSource> {
  const market = await openMarket(database, purchases);
  const buyers = market.buyerIds.map((userId) => ({ userId, token: `bench-${randomUUID()}` }));
  const expiresAt = new Date(Date.now() + SESSION_MS);
  for (let at = 0; at < buyers.length; at += ROWS_MAX) {
    const rows = buyers.slice(at, at + ROWS_MAX).map((buyer) => ({ ...buyer, id: newId(), expiresAt }));
    await database.db.insert(sessions).values(rows);
  }
  let placed = 0;
  return {
    next: () => {
      const buyer = buyers[placed % buyers.length];
      const edition = market.editionIds[Math.floor(placed / buyers.length)];
      if (buyer === undefined || edition === undefined) throw new RangeError('the market is too small for this load');
      placed += 1;
      const editionId = Buffer.from(`Edition:${edition}`).toString('base64url');
      const input = { editionId, currency: 'EUR', paymentToken: 'tok_succeeds', idempotencyKey: randomUUID() };
      return { body: JSON.stringify({ query: PLACE_ORDER, variables: { input } }), token: buyer.token };
    },
  };
}
