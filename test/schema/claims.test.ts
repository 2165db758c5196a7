/** Gifts and guests: whose the book is, who may take it, that it is taken once, and that no answer tells of an account. */
import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { orderToken } from '../../src/db/claims.ts';
import { openEvents } from './support/event-source.ts';
import { useApi } from './support/api.ts';
import { checkout, orderIdIn } from './support/checkout.ts';
import { globalId, type Payload, uuidIn } from './support/market.ts';

const api = useApi({ keepRows: true });
const shop = checkout(api);
const CLAIM = `mutation ($input: ClaimOrderInput!) { claimOrder(input: $input) { __typename
  ... on ClaimOrderPayload { entitlements { status edition { id title } order { id } } } ... on Error { code message } } }`;
const GIFT = 'query ($id: ID!) { order(id: $id) { gift { email message claimedAt } } }';
const LIBRARY = '{ myLibrary(first: 10) { nodes { edition { id } order { id } } } }';
const PLACE_GUEST = `mutation ($input: PlaceGuestOrderInput!) { placeGuestOrder(input: $input) { __typename
  ... on PlaceGuestOrderPayload { guestToken order { orderId status total { amountMinor } } } ... on Error { code message } } }`;
const CREATE_QUOTE = `mutation ($input: CreateQuoteInput!) { createQuote(input: $input) { __typename
  ... on CreateQuotePayload { quote { id total { amountMinor } } } ... on Error { code message } } }`;

type Person = Awaited<ReturnType<typeof api.signUp>>;
let editionId: string;
let giver: Person;
beforeEach(async () => {
  ({ editionId } = await shop.onSale());
  giver = await api.signUp();
});

const claim = (person: Person, orderId: string, token?: string) =>
  shop.mutate('claimOrder', CLAIM, { orderId, token }, person.token);
const tokenOf = (orderId: string) =>
  orderToken([api.services.signing.secrets].flat()[0] ?? '', 'CLAIM', uuidIn(orderId));
const verify = (person: Person) => api.db.execute(sql`update "user" set email_verified = true where id = ${person.id}`);
const libraryOf = async (person: Person) => (await api.ask(LIBRARY, {}, person.token)).data?.['myLibrary'];
const giftOf = async (id: string) => (await api.ask(GIFT, { id }, giver.token)).data?.['order'];
/** A gift, as its giver places it. */
const give = async (email: string): Promise<Payload> =>
  shop.place(giver.token, {
    quoteId: await shop.quoted(giver.token, [editionId], { gift: { email, message: 'For you.' } }),
  });
async function given(email: string): Promise<string> {
  const orderId = orderIdIn(await give(email));
  await shop.fulfil(orderId);
  return orderId;
}

describe('a gift', () => {
  test('is the receiver’s when it is claimed, and the giver sees it, live', async () => {
    const receiver = await api.signUp();
    const orderId = await given(` ${receiver.email.toUpperCase()} `);
    expect(await giftOf(orderId)).toEqual({ gift: { email: receiver.email, message: 'For you.', claimedAt: null } });
    expect(await libraryOf(giver)).toEqual({ nodes: [] });
    const WATCH = 'subscription ($id: ID!) { orderStatus(orderId: $id) { status order { gift { claimedAt } } } }';
    const events = await openEvents(api.url, WATCH, { variables: { id: orderId }, token: giver.token });
    expect(await events.next()).toMatchObject({ data: { orderStatus: { order: { gift: { claimedAt: null } } } } });
    expect(await claim(receiver, orderId, tokenOf(orderId))).toMatchObject({
      entitlements: [{ status: 'ACTIVE', edition: { id: editionId }, order: null }],
    });
    await api.happen();
    expect(await events.next()).toMatchObject({
      data: { orderStatus: { status: 'COMPLETED', order: { gift: { claimedAt: expect.any(String) } } } },
    });
    events.close();
    expect(await libraryOf(receiver)).toEqual({ nodes: [{ edition: { id: editionId }, order: null }] });
  });

  test('is claimed without a token by the verified address that it is for, and by no other', async () => {
    const receiver = await api.signUp();
    const orderId = await given(receiver.email);
    expect(await claim(receiver, orderId)).toMatchObject({ code: 'NOT_FOUND' });
    await verify(giver);
    expect(await claim(giver, orderId)).toMatchObject({ code: 'NOT_FOUND' });
    await verify(receiver);
    expect(await claim(receiver, orderId)).toMatchObject({ __typename: 'ClaimOrderPayload' });
  });

  test('is claimed once, by one of many who try at the same time', async () => {
    const orderId = await given('somebody@example.org');
    const people = await Promise.all(Array.from({ length: 8 }, () => api.signUp()));
    const answers = await Promise.all(people.map((person) => claim(person, orderId, tokenOf(orderId))));
    expect(answers.filter(({ __typename }) => __typename === 'ClaimOrderPayload')).toHaveLength(1);
    expect(answers.filter(({ __typename }) => __typename === 'InvalidStateError')).toHaveLength(7);
    const libraries = await Promise.all(people.map(libraryOf));
    expect(libraries.filter((library) => JSON.stringify(library).includes(editionId))).toHaveLength(1);
  });

  test('is not claimed by whoever has the book, or is buying it; it stays for another', async () => {
    const orderId = await given('somebody@example.org');
    const [owner, buying, other] = [await api.signUp(), await api.signUp(), await api.signUp()];
    await shop.fulfil(orderIdIn(await shop.place(owner.token, { editionId, currency: 'EUR' })));
    expect(await claim(owner, orderId, tokenOf(orderId))).toMatchObject({ __typename: 'AlreadyOwned' });
    await shop.place(buying.token, { editionId, currency: 'EUR' });
    expect(await claim(buying, orderId, tokenOf(orderId))).toMatchObject({ __typename: 'PurchaseInProgress' });
    expect(await claim(other, orderId, tokenOf(orderId))).toMatchObject({ __typename: 'ClaimOrderPayload' });
  });

  test('cannot be claimed before it is paid, nor when it was refunded, nor with the token of another', async () => {
    const person = await api.signUp();
    const orderId = orderIdIn(await give('somebody@example.org'));
    expect(await claim(person, orderId, tokenOf(orderId))).toMatchObject({ __typename: 'InvalidStateError' });
    await shop.fulfil(orderId);
    expect(await claim(person, orderId, tokenOf(globalId('Order', randomUUID())))).toMatchObject({ code: 'NOT_FOUND' });
    await api.db.execute(sql`update entitlement set status = 'REFUNDED' where order_id = ${uuidIn(orderId)}`);
    expect(await claim(person, orderId, tokenOf(orderId))).toMatchObject({ code: 'INVALID_STATE' });
  });

  test('may be of a book that the giver has or buys, and is given once to the same person while it is not claimed', async () => {
    await shop.place(giver.token, { editionId, currency: 'EUR' });
    const first = await give('a@example.org');
    expect(first).toMatchObject({ __typename: 'PlaceOrderPayload' });
    expect(await give('a@example.org')).toMatchObject({
      __typename: 'PurchaseInProgress',
      order: { id: orderIdIn(first) },
    });
    expect(await give('b@example.org')).toMatchObject({ __typename: 'PlaceOrderPayload' });
  });

  test('does not stand in the way of buying the book for oneself', async () => {
    await give('a@example.org');
    expect(await shop.place(giver.token, { editionId, currency: 'EUR' })).toMatchObject({
      __typename: 'PlaceOrderPayload',
    });
  });

  test('needs an account to be given', async () => {
    const input = { items: [{ editionId }], currency: 'EUR', gift: { email: 'a@example.org' } };
    const { errors } = await api.ask(CREATE_QUOTE, { input });
    expect(errors?.[0]?.extensions?.['code']).toBe('UNAUTHENTICATED');
  });
});

describe('a guest', () => {
  const placedSchema = z.object({
    guestToken: z.string(),
    order: z.object({ orderId: z.string(), status: z.string() }),
  });
  const quote = async () => {
    const made = await shop.mutate('createQuote', CREATE_QUOTE, { items: [{ editionId }], currency: 'EUR' });
    return z.object({ quote: z.object({ id: z.string() }) }).parse(made).quote.id;
  };
  const buy = (quoteId: string, input: object = {}) =>
    shop.mutate('placeGuestOrder', PLACE_GUEST, {
      quoteId,
      email: 'guest@example.org',
      paymentToken: 'tok_ok',
      idempotencyKey: randomUUID(),
      ...input,
    });
  const placed = async (input: object = {}) => placedSchema.parse(await buy(await quote(), input));
  const WATCH =
    'query ($id: ID!, $token: String!) { guestOrder(orderId: $id, guestToken: $token) { status } order(id: $id) { id } }';

  test('buys without an account, watches the order with its token alone, and live', async () => {
    const { guestToken, order } = await placed();
    const asked = await api.ask(
      'query ($id: ID!, $token: String!) { guestOrder(orderId: $id, guestToken: $token) { status } }',
      {
        id: order.orderId,
        token: guestToken,
      },
    );
    expect(asked.data).toEqual({ guestOrder: { status: 'PENDING_PAYMENT' } });
    const stranger = await api.signUp();
    const foreign = await api.ask(WATCH, { id: order.orderId, token: tokenOf(order.orderId) }, stranger.token);
    expect(foreign.data).toEqual({ guestOrder: null, order: null });
    const LIVE = 'subscription ($id: ID!, $token: String) { orderStatus(orderId: $id, guestToken: $token) { status } }';
    const events = await openEvents(api.url, LIVE, { variables: { id: order.orderId, token: guestToken } });
    expect(await events.next()).toMatchObject({ data: { orderStatus: { status: 'PENDING_PAYMENT' } } });
    events.close();
    const refused = await openEvents(api.url, LIVE, { variables: { id: order.orderId, token: 'x' } });
    expect(JSON.stringify(await refused.next())).toContain('error');
    refused.close();
  });

  test('claims what was bought: then the order, its receipt and the book are the account’s', async () => {
    const { order } = await placed();
    await shop.fulfil(order.orderId);
    const person = await api.signUp();
    expect(await claim(person, order.orderId, tokenOf(order.orderId))).toMatchObject({
      entitlements: [{ status: 'ACTIVE', edition: { id: editionId }, order: { id: order.orderId } }],
    });
    const { data } = await api.ask(
      'query ($id: ID!) { order(id: $id) { gift { email } } }',
      { id: order.orderId },
      person.token,
    );
    expect(data).toEqual({ order: { gift: null } });
    expect(await claim(await api.signUp(), order.orderId, tokenOf(order.orderId))).toMatchObject({
      code: 'INVALID_STATE',
    });
  });

  test('cannot claim with the token that only watches', async () => {
    const { order, guestToken } = await placed();
    await shop.fulfil(order.orderId);
    expect(await claim(await api.signUp(), order.orderId, guestToken)).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is answered alike whether the address has an account or not', async () => {
    const known = await api.signUp();
    const shape = (answer: object) => JSON.stringify(answer).replaceAll(/"(guestToken|orderId)":"[^"]*"/g, '');
    const [one, other] = [await buy(await quote(), { email: known.email }), await buy(await quote())];
    expect(shape(one)).toBe(shape(other));
    expect(await libraryOf(known)).toEqual({ nodes: [] });
  });

  test('of twenty requests with one key places one order; with other keys the quote is used', async () => {
    const quoteId = await quote();
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => buy(quoteId, { idempotencyKey })));
    expect(new Set(answers.map((answer) => placedSchema.parse(answer).order.orderId)).size).toBe(1);
    expect(await buy(quoteId)).toMatchObject({ __typename: 'QuoteUsed' });
  });

  test('cannot order on the quote of somebody, nor anybody on a guest’s by placeOrder', async () => {
    const theirs = await shop.quoted(giver.token, [editionId]);
    expect(await buy(theirs)).toMatchObject({ code: 'NOT_FOUND' });
    expect(await shop.place(giver.token, { quoteId: await quote() })).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('uses a coupon as often as one reader may, by the address', async () => {
    const admin = await api.signUp('ADMIN');
    const code = `ONCE-${randomUUID().slice(0, 8)}`;
    await shop.createCoupon(admin.token, { code, percentBps: 1_000, usesPerReaderMax: 1 });
    const withCoupon = async () => {
      const input = { items: [{ editionId }], currency: 'EUR', couponCode: code };
      const made = await shop.mutate('createQuote', CREATE_QUOTE, input);
      return z.object({ quote: z.object({ id: z.string() }) }).parse(made).quote.id;
    };
    expect(await buy(await withCoupon())).toMatchObject({ __typename: 'PlaceGuestOrderPayload' });
    expect(await buy(await withCoupon())).toMatchObject({ __typename: 'CouponRefused' });
    expect(await buy(await withCoupon(), { email: 'b@example.org' })).toMatchObject({
      __typename: 'PlaceGuestOrderPayload',
    });
  });
});
