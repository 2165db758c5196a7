/** Quotes: what some editions cost, frozen for half an hour. */
import { z } from 'zod';
import { countrySchema } from '../books/country.ts';
import { couponCodeSchema } from '../books/coupon-code.ts';
import { AMOUNT_MINOR_MAX } from '../books/currency.ts';
import { buyerCountry } from '../books/shop-terms.ts';
import { AlreadyOwned, CouponRefused, NotForSale } from '../db/errors.ts';
import { createQuote, QUOTE_LINES_MAX } from '../db/quotes.ts';
import { newId } from '../db/tables/columns.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { Edition } from './edition.ts';
import { emailSchema } from './email.ts';
import { NotFoundError, UnauthenticatedError } from './errors.ts';
import { idOf } from './ids.ts';
import { currencySchema, Money, type MoneyShape } from './money.ts';
import { Order } from './order.ts';

const MESSAGE_CHARS_MAX = 1_000;
const inCurrency = { quote: { columns: { currency: true } } } as const;

const QuoteLine = builder.drizzleObject('quoteLines', {
  name: 'QuoteLine',
  carried: true,
  description: 'One thing that a quote is for.',
  fields: (t) => ({
    edition: t.relation('edition', { type: Edition, description: 'What it is for.' }),
    listPrice: t.field({
      type: Money,
      description: 'The price before the discount, or what the buyer chose to pay.',
      select: { columns: { listAmountMinor: true }, with: inCurrency },
      resolve: ({ listAmountMinor, quote }) => ({ amountMinor: listAmountMinor, currency: quote.currency }),
    }),
    discount: t.field({
      type: Money,
      description: 'What the coupon takes off.',
      select: { columns: { discountMinor: true }, with: inCurrency },
      resolve: ({ discountMinor, quote }) => ({ amountMinor: discountMinor, currency: quote.currency }),
    }),
    price: t.field({
      type: Money,
      description: 'What it costs: the list price without the discount; tax included.',
      select: { columns: { amountMinor: true }, with: inCurrency },
      resolve: ({ amountMinor, quote }) => ({ amountMinor, currency: quote.currency }),
    }),
    tax: t.field({
      type: Money,
      description: 'The tax that the price contains.',
      select: { columns: { taxMinor: true }, with: inCurrency },
      resolve: ({ taxMinor, quote }) => ({ amountMinor: taxMinor, currency: quote.currency }),
    }),
    taxRateBps: t.exposeInt('taxRateBps', { description: 'The rate of that tax: 700 is 7 %.' }),
    royalty: t.field({
      type: Money,
      description: 'What of it goes to the author; the rest without the tax stays with the marketplace.',
      select: { columns: { royaltyMinor: true }, with: inCurrency },
      resolve: ({ royaltyMinor, quote }) => ({ amountMinor: royaltyMinor, currency: quote.currency }),
    }),
  }),
});

const Quote = builder.drizzleNode('quotes', {
  name: 'Quote',
  description: 'What some editions cost, frozen until it expires. For whoever asked for it, and for admins.',
  id: { column: (quote) => quote.id, description: 'Opaque global id: give it to Mutation.placeOrder.' },
  select: { columns: { id: true, buyerId: true } },
  authScopes: ({ buyerId }) => (buyerId === null ? { anyone: 'ANY_KEY' } : { owner: [buyerId, 'orders:read'] }),
  fields: (t) => ({
    lines: t.relation('lines', {
      type: QuoteLine,
      description: 'What it is for.',
      query: { orderBy: { position: 'asc' } },
    }),
    total: t.field({
      type: Money,
      description: 'What all of it costs, tax included.',
      select: { columns: { amountMinor: true, currency: true } },
      resolve: ({ amountMinor, currency }): MoneyShape => ({ amountMinor, currency }),
    }),
    discount: t.field({
      type: Money,
      description: 'What the coupon takes off in all.',
      select: {
        columns: { currency: true },
        with: { lines: { columns: { discountMinor: true }, orderBy: { position: 'asc' } } },
      },
      resolve: ({ lines, currency }): MoneyShape => ({
        amountMinor: lines.reduce((sum, { discountMinor }) => sum + discountMinor, 0),
        currency,
      }),
    }),
    tax: t.field({
      type: Money,
      description: 'The tax that the total contains.',
      select: {
        columns: { currency: true },
        with: { lines: { columns: { taxMinor: true }, orderBy: { position: 'asc' } } },
      },
      resolve: ({ lines, currency }): MoneyShape => ({
        amountMinor: lines.reduce((sum, { taxMinor }) => sum + taxMinor, 0),
        currency,
      }),
    }),
    country: t.exposeString('country', {
      nullable: true,
      description: 'Whose tax it contains (ISO 3166-1); null when no country is known, and none is charged.',
    }),
    couponCode: t.string({
      nullable: true,
      description: 'The coupon that is in it.',
      select: { with: { coupon: { columns: { code: true } } } },
      resolve: ({ coupon }) => coupon?.code ?? null,
    }),
    giftEmail: t.exposeString('giftEmail', { nullable: true, description: 'For whom it is, when it is a gift.' }),
    order: t.relation('order', {
      type: Order,
      nullable: true,
      description: 'The last order that was placed on it.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'It can be ordered on until then.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

builder.queryField('quote', (t) =>
  t.drizzleField({
    type: Quote,
    nullable: true,
    description: 'One of your quotes; null when it is not yours.',
    authScopes: { signedIn: 'orders:read' },
    args: { id: t.arg.id({ required: true, description: 'The quote.' }).validate(idOf('Quote')) },
    resolve: async (query, _root, { id }, context) => {
      const viewer = signedIn(context);
      const own = viewer.role === 'ADMIN' ? {} : { buyerId: viewer.id };
      return (await context.db.query.quotes.findFirst(query({ where: { id, ...own } }))) ?? null;
    },
  }),
);

const QuoteItemInput = builder.inputType('QuoteItemInput', {
  description: 'One thing to ask the price of.',
  fields: (t) => ({
    editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
    amountMinor: t.field({
      type: 'SafeInt',
      description:
        'Pay what you want: what the buyer wants to pay, in minor units of the currency. (Default: what is suggested)',
      validate: z
        .number()
        .min(0, 'It cannot be negative.')
        .max(AMOUNT_MINOR_MAX, 'It is at most 10,000,000.')
        .nullish(),
    }),
  }),
});

const itemsSchema = z
  .array(z.object({ editionId: z.string(), amountMinor: z.number().nullish() }))
  .min(1, 'Name at least one edition.')
  .max(QUOTE_LINES_MAX, `A quote is for ${QUOTE_LINES_MAX} editions at most.`)
  .refine((items) => new Set(items.map(({ editionId }) => editionId)).size === items.length, 'Name each edition once.');

const GiftInput = builder.inputType('GiftInput', {
  description: 'Whom a gift is for. They are told by mail when it is paid, and claim it with an account of theirs.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'Their e-mail.' }).validate(emailSchema),
    message: t.string({
      description: 'Your words to them.',
      validate: z
        .string()
        .trim()
        .max(MESSAGE_CHARS_MAX, `A message has ${MESSAGE_CHARS_MAX} characters at most.`)
        .nullish(),
    }),
  }),
});

builder.relayMutationField(
  'createQuote',
  {
    inputFields: (t) => ({
      items: t.field({
        type: [QuoteItemInput],
        required: true,
        description: `1 to ${QUOTE_LINES_MAX} editions.`,
        validate: itemsSchema,
      }),
      currency: t.string({ required: true, description: 'What to pay in (ISO 4217).', validate: currencySchema }),
      country: t
        .string({ description: 'Where the buyer lives (ISO 3166-1): whose tax is charged. (Default: the shop’s own)' })
        .validate(countrySchema.nullish()),
      gift: t.field({ type: GiftInput, description: 'For whom it is, when it is not for the buyer.' }),
      couponCode: t
        .string({ description: 'A coupon, in capital or small letters.' })
        .validate(couponCodeSchema.nullish()),
    }),
  },
  {
    description:
      'Asks what some editions cost together. Prices, tax and discount stay as they are told until the quote expires; nothing is reserved. Without an account it is a guest’s: order on it by Mutation.placeGuestOrder.',
    authScopes: { anyone: 'orders:write' },
    errors: { types: [NotFoundError, AlreadyOwned, NotForSale, CouponRefused] },
    resolve: (_root, { input }, context) => {
      const { currency, country, couponCode, gift } = input;
      if (gift && !context.viewer) throw new UnauthenticatedError('Sign in to give a book to somebody.');
      const request = {
        id: newId(),
        buyerId: context.viewer?.id ?? null,
        ...buyerCountry(country ?? null, context.terms.shopCountry, context.address),
        currency,
        items: input.items.map(({ editionId, amountMinor }) => ({ editionId, amountMinor: amountMinor ?? null })),
        couponCode: couponCode ?? null,
        gift: gift ? { email: gift.email, message: gift.message ?? null } : null,
      };
      const terms = { now: context.clock.now(), terms: context.terms };
      return context.commit((tx) => createQuote(tx, request, terms)).catch(retell);
    },
  },
  {
    outputFields: (t) => ({
      quote: t.drizzleField({
        type: Quote,
        description: 'What it comes to.',
        resolve: async (query, { quoteId }, _args, { db }) => {
          const quote = await db.query.quotes.findFirst(query({ where: { id: quoteId } }));
          if (!quote) throw new TypeError('a new quote is gone');
          return quote;
        },
      }),
    }),
  },
);
