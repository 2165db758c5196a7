/** `Mutation.placeOrder`: buys an edition at its price, or all that a quote holds at what the quote says. */
import { z } from 'zod';
import { countrySchema } from '../books/country.ts';
import { buyerCountry } from '../books/shop-terms.ts';
import {
  AlreadyOwned,
  CouponRefused,
  NotForSale,
  PriceChanged,
  PurchaseInProgress,
  QuoteExpired,
  QuoteUsed,
} from '../db/errors.ts';
import { hashBody } from '../db/idempotency.ts';
import type { OrderRow } from '../db/orders.ts';
import { placeQuoted } from '../db/quoted-orders.ts';
import { newId } from '../db/tables/columns.ts';
import { orderPlaced } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { type Context, refuseWhenOverloaded, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { IdempotencyConflict, NotFoundError, OverloadedError, ValidationError } from './errors.ts';
import { idempotencyKeySchema } from './idempotency-key.ts';
import { idOf } from './ids.ts';
import { currencySchema, MoneyInput, type MoneyShape } from './money.ts';
import { placeAtDesk } from './order-desk.ts';
import { Order } from './order.ts';

const TOKEN_CHARS_MAX = 200;

export const paymentTokenSchema = z
  .string()
  .regex(/^[\w.:-]+$/, 'A payment token has letters, digits and _ . : - only.')
  .max(TOKEN_CHARS_MAX, `A payment token has ${TOKEN_CHARS_MAX} characters at most.`);

builder.relayMutationField(
  'placeOrder',
  {
    inputFields: (t) => ({
      quoteId: t
        .id({
          description:
            'Buy what this quote holds, at what it says. Then leave edition, currency, country and price out.',
        })
        .validate(idOf('Quote').nullish()),
      editionId: t
        .id({ description: 'Or buy this edition at its price; with `currency`.' })
        .validate(idOf('Edition').nullish()),
      currency: t.string({ description: 'What to pay in (ISO 4217).', validate: currencySchema.nullish() }),
      paymentToken: t.string({
        required: true,
        description: 'The provider’s token for the means of payment; never a card number.',
        validate: paymentTokenSchema,
      }),
      idempotencyKey: t.string({
        required: true,
        description: 'Yours, new for each purchase: the same key buys once, however often it is sent, for ever.',
        validate: idempotencyKeySchema,
      }),
      country: t
        .string({ description: 'Where the buyer lives (ISO 3166-1): whose tax is charged. (Default: the shop’s own)' })
        .validate(countrySchema.nullish()),
      expectedPrice: t.field({
        type: MoneyInput,
        description: 'The price that the buyer was shown; another one is answered by PriceChanged.',
      }),
    }),
  },
  {
    description:
      'Buys an edition, or what a quote holds. Once this answers, the order reaches its end; watch it by Subscription.orderStatus.',
    authScopes: { signedIn: 'orders:write' },
    errors: {
      types: [
        AlreadyOwned,
        NotForSale,
        PriceChanged,
        PurchaseInProgress,
        IdempotencyConflict,
        OverloadedError,
        NotFoundError,
        QuoteExpired,
        QuoteUsed,
        CouponRefused,
      ],
    },
    resolve: (_root, { input }, context) => place(context, input).catch(retell),
  },
  {
    outputFields: (t) => ({
      order: t.drizzleField({
        type: Order,
        description: 'The order, on its way.',
        resolve: async (query, { orderId, stored = null }, _args, { keyedDb }) => {
          const selection = query({ where: { id: orderId } });
          if (stored && asksColumnsOnly(selection)) return stored;
          const order = await keyedDb.query.orders.findFirst(selection);
          if (!order) throw new TypeError('a placed order is gone');
          return order;
        },
      }),
    }),
  },
);

interface PlaceOrderInput {
  quoteId?: string | null | undefined;
  editionId?: string | null | undefined;
  currency?: string | null | undefined;
  paymentToken: string;
  idempotencyKey: string;
  country?: string | null | undefined;
  expectedPrice?: MoneyShape | null | undefined;
}

/** An order that needs nothing beside its own row. */
const asksColumnsOnly = ({ with: relations = {}, extras = {} }: { with?: object; extras?: object }): boolean =>
  Object.keys(relations).length === 0 && Object.keys(extras).length === 0;

/** `stored`: the order as it was stored just now, where that is known. */
interface PlacedOrder {
  orderId: string;
  stored?: OrderRow | null;
}

function place(context: Context, input: PlaceOrderInput): Promise<PlacedOrder> {
  const { quoteId, editionId, currency, country, expectedPrice } = input;
  if (quoteId) {
    const rival = Object.entries({ editionId, currency, country, expectedPrice }).filter(([, value]) => value);
    if (rival.length > 0) refuse(rival.map(([name]) => [name, 'The quote says this. Leave it out.']));
    return placeOnQuote(context, { ...input, quoteId });
  }
  if (editionId && currency) return placeEdition(context, { ...input, editionId, currency });
  return refuse([
    editionId ? ['currency', 'Say what to pay in.'] : ['editionId', 'Say what to buy: a quoteId, or an editionId.'],
  ]);
}

function refuse(faults: readonly (readonly [field: string, message: string])[]): never {
  throw new ValidationError(faults.map(([field, message]) => ({ path: `input.${field}`, message })));
}

function placeEdition(context: Context, input: PlaceOrderInput & { editionId: string; currency: string }) {
  const { idempotencyKey: key, ...body } = input;
  const expectedPrice = input.expectedPrice ?? null;
  const buyerId = signedIn(context).id;
  const from = buyerCountry(input.country ?? null, context.terms.shopCountry, context.address);
  const bodyHash = hashBody(body);
  const order = { ...body, id: newId(), buyerId, ...from, gateway: context.notices.name, expectedPrice, key, bodyHash };
  return placeAtDesk(context, order);
}

function placeOnQuote(context: Context, input: PlaceOrderInput & { quoteId: string }) {
  const { idempotencyKey: key, quoteId, paymentToken } = input;
  const now = context.clock.now();
  const bodyHash = hashBody({ quoteId, paymentToken });
  const buyerId = signedIn(context).id;
  return context.commit(async (tx) => {
    const order = { id: newId(), buyerId, quoteId, paymentToken, gateway: context.notices.name, key, bodyHash };
    const placed = await placeQuoted(tx, order, { now, refuseNew: () => refuseWhenOverloaded(context, tx) });
    const event = orderPlaced.of({ orderId: placed.orderId, status: 'PENDING_PAYMENT' });
    if (placed.isNew) await append(context, tx, [event], now);
    return placed;
  });
}
