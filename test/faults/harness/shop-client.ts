/**
 * Buyers that use the public API as any storefront would: sign up, browse, buy, and buy again with the same key when no
 * answer came.
 *
 * An acknowledged purchase is one that the API answered with an order. A refusal that is typed is an answer as well;
 * anything else (a broken connection, a 5xx, a body that is no GraphQL) is a doubt, and the buyer asks again.
 */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { pause } from './wait.ts';

const ASK_AGAIN_EVERY_MS = 100;
const ANSWER_TIMEOUT_MS = 10_000;

const answerSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});
const sessionSchema = z.object({ session: z.object({ token: z.string() }) });
const placedSchema = z.object({ __typename: z.string(), order: z.object({ id: z.string() }).optional() });
const catalogueSchema = z.object({ nodes: z.array(z.object({ id: z.string() })) });

export interface ShopBuyer {
  readonly token: string;
}

export interface PlacedOrder {
  /** As the database knows it. */
  readonly orderId: string;
  readonly asked: number;
}

export class UnansweredError extends Error {
  override readonly name = 'UnansweredError';
}

/** One request. @throws UnansweredError when what came back answers nothing */
export async function askOnce(url: string, query: string, variables: object, token?: string): Promise<unknown> {
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-booky-hub': 'faults',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const { data, errors } = answerSchema.parse(await response.json());
    if (errors && errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
    return Object.values(data ?? {})[0];
  } catch (error) {
    throw new UnansweredError(String(error), { cause: error });
  }
}

/** Asks until there is an answer. @returns it, and how often it was asked */
export async function askUntilAnswered<Answer>(
  ask: () => Promise<Answer>,
  timeoutMs: number,
): Promise<{ answer: Answer; asked: number }> {
  const until = performance.now() + timeoutMs;
  for (let asked = 1; ; asked++) {
    try {
      return { answer: await ask(), asked };
    } catch (error) {
      if (!(error instanceof UnansweredError) || performance.now() > until) throw error;
      await pause(ASK_AGAIN_EVERY_MS);
    }
  }
}

export async function signUp(url: string): Promise<ShopBuyer> {
  const document =
    'mutation ($input: SignUpInput!) { signUp(input: $input) { ... on SignUpPayload { session { token } } } }';
  const input = { email: `${randomUUID()}@example.org`, name: 'A Buyer', password: randomUUID() };
  const { answer } = await askUntilAnswered(() => askOnce(url, document, { input }), 30_000);
  return sessionSchema.parse(answer).session;
}

/** Ids of books on sale, as the API gives them. */
export async function browse(url: string): Promise<string[]> {
  const { answer } = await askUntilAnswered(
    () => askOnce(url, '{ catalogue(first: 100) { nodes { id } } }', {}),
    30_000,
  );
  return catalogueSchema.parse(answer).nodes.map(({ id }) => id);
}

const PLACE_ORDER = `mutation ($input: PlaceOrderInput!) {
  placeOrder(input: $input) { __typename ... on PlaceOrderPayload { order { id } } }
}`;

/** Buys one book, asking again with the same key until the API says that the order is placed. */
export async function buy(
  url: string,
  buyer: ShopBuyer,
  editionId: string,
  paymentToken: string,
  timeoutMs = 60_000,
): Promise<PlacedOrder> {
  const input = { editionId, currency: 'EUR', paymentToken, idempotencyKey: randomUUID() };
  const { answer, asked } = await askUntilAnswered(async () => {
    const placed = placedSchema.parse(await askOnce(url, PLACE_ORDER, { input }, buyer.token));
    if (placed.__typename === 'OverloadedError') throw new UnansweredError('refused for now');
    if (!placed.order) throw new Error(`refused: ${placed.__typename}`);
    return placed.order;
  }, timeoutMs);
  return { orderId: databaseId(answer.id), asked };
}

export interface OrderRequest {
  readonly editionId: string;
  readonly paymentToken: string;
  readonly idempotencyKey: string;
}

const codedSchema = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).optional(),
  data: z.object({ placeOrder: placedSchema }).nullish(),
});

/** Asks once. @returns the order, or the code or type of what stood in its way; UNREADABLE when that cannot be told */
export async function orderOnce(
  url: string,
  buyer: ShopBuyer,
  request: OrderRequest,
): Promise<{ orderId: string } | { refusal: string }> {
  const input = { currency: 'EUR', ...request };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-booky-hub': 'faults', authorization: `Bearer ${buyer.token}` },
    body: JSON.stringify({ query: PLACE_ORDER, variables: { input } }),
    signal: AbortSignal.timeout(60_000),
  }).catch(() => null);
  const answer = codedSchema.safeParse(await response?.json().catch(() => null));
  if (!answer.success) return { refusal: 'UNREADABLE' };
  const [error] = answer.data.errors ?? [];
  if (error) return { refusal: error.extensions.code };
  const placed = answer.data.data?.placeOrder;
  return placed?.order ? { orderId: databaseId(placed.order.id) } : { refusal: placed?.__typename ?? 'UNREADABLE' };
}

/** The id inside a global id. */
function databaseId(globalId: string): string {
  const [, id] = Buffer.from(globalId, 'base64url').toString('utf8').split(':');
  if (id === undefined) throw new Error(`${globalId} is no id of ours`);
  return id;
}

/**
 * Each buyer buys every book, one after the other, all buyers at once.
 * @param paceMs how long a buyer thinks before the next purchase
 * @param onPlaced told of every acknowledged order
 */
export async function shop(
  url: string,
  buyers: readonly ShopBuyer[],
  plan: {
    editionIds: readonly string[];
    paymentToken: () => string;
    paceMs: () => number;
    onPlaced: (placed: PlacedOrder) => void;
  },
): Promise<void> {
  await Promise.all(
    buyers.map(async (buyer) => {
      for (const editionId of plan.editionIds) {
        await pause(plan.paceMs());
        plan.onPlaced(await buy(url, buyer, editionId, plan.paymentToken()));
      }
    }),
  );
}
