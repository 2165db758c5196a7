/** Steps of the checkout, as a client would take them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { useApi } from './api.ts';
import { market, type Payload, uuidIn } from './market.ts';

const money = '{ amountMinor currency }';
export const QUOTE_FIELDS = `id expiresAt country couponCode total ${money} discount ${money} tax ${money}
  lines { edition { id } listPrice ${money} discount ${money} price ${money} tax ${money} taxRateBps royalty ${money} }`;
const faults = `... on Error { code message } ... on ValidationError { fields { path message } }
  ... on CouponRefused { reason }`;
const CREATE_QUOTE = `mutation ($input: CreateQuoteInput!) { createQuote(input: $input) { __typename
  ... on CreateQuotePayload { quote { ${QUOTE_FIELDS} } } ${faults} } }`;
const PLACE = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename
  ... on PlaceOrderPayload { order { id status couponCode total ${money} tax ${money} lines { edition { id }
    listPrice ${money} discount ${money} price ${money} tax ${money} } } } ${faults}
  ... on QuoteUsed { order { id } } ... on PurchaseInProgress { order { id } } ... on PriceChanged { price ${money} } } }`;
const CREATE_COUPON = `mutation ($input: CreateCouponInput!) { createCoupon(input: $input) { __typename
  ... on CreateCouponPayload { coupon { id code percentBps amounts ${money} } } ... on Error { code message }
  ... on ValidationError { fields { path message } } } }`;

export function checkout(api: ReturnType<typeof useApi>) {
  const shop = market(api);
  const createQuote = (token: string, editionIds: readonly string[], input: object = {}) =>
    shop.mutate(
      'createQuote',
      CREATE_QUOTE,
      { items: editionIds.map((editionId) => ({ editionId })), currency: 'EUR', ...input },
      token,
    );
  return {
    ...shop,
    createQuote,
    /** @returns the id of a new quote */
    quoted: async (token: string, editionIds: readonly string[], input: object = {}): Promise<string> =>
      z.object({ quote: z.object({ id: z.string() }) }).parse(await createQuote(token, editionIds, input)).quote.id,
    place: (token: string, input: object) =>
      shop.mutate('placeOrder', PLACE, { paymentToken: 'tok_ok', idempotencyKey: randomUUID(), ...input }, token),
    createCoupon: (token: string, input: object) => shop.mutate('createCoupon', CREATE_COUPON, input, token),
    /** What the purchase workflow does when it ends so. */
    end: (orderId: string, status: string) =>
      api.db.execute(sql`update "order" set status = ${status}::order_status where id = ${uuidIn(orderId)}`),
  };
}

export const orderIdIn = (payload: Payload): string =>
  z.object({ order: z.object({ id: z.string() }) }).parse(payload).order.id;
