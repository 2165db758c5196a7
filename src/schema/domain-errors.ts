/**
 * The marketplace's refusals, as the API tells them.
 *
 * Those that have a general form become that; those that say something of their own (a price, an order) are types here.
 */
import {
  AlreadyOwned,
  Contradiction,
  CouponRefused,
  FieldRefused,
  KeyReused,
  NotForSale,
  NotRefundable,
  NotThere,
  PriceChanged,
  PurchaseInProgress,
  QuoteExpired,
  QuoteUsed,
  UploadMismatch,
  UploadQuotaReached,
  WrongState,
} from '../db/errors.ts';
import { builder } from './builder.ts';
import { ErrorInterface } from './error-types.ts';
import {
  ConflictError,
  IdempotencyConflict,
  InvalidStateError,
  NotFoundError,
  OverloadedError,
  ValidationError,
} from './errors.ts';
import { Money } from './money.ts';

builder.objectType(AlreadyOwned, {
  name: 'AlreadyOwned',
  carried: true,
  description: 'The book is in the reader’s library already.',
  interfaces: [ErrorInterface],
});

builder.objectType(NotForSale, {
  name: 'NotForSale',
  carried: true,
  description: 'Nobody can buy this edition now, or not for this currency.',
  interfaces: [ErrorInterface],
});

builder.objectType(PurchaseInProgress, {
  name: 'PurchaseInProgress',
  carried: true,
  description: 'The reader is buying this edition already.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    order: t.drizzleField({
      type: 'orders',
      description: 'The order that is on its way: watch it.',
      resolve: async (query, { orderId }, _args, { db }) => {
        const order = await db.query.orders.findFirst(query({ where: { id: orderId } }));
        if (!order) throw new TypeError('an order in progress is gone');
        return order;
      },
    }),
  }),
});

builder.objectType(PriceChanged, {
  name: 'PriceChanged',
  carried: true,
  description: 'The price is not the one that the buyer was shown.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ price: t.field({ type: Money, description: 'The price now.', resolve: ({ price }) => price }) }),
});

builder.objectType(QuoteExpired, {
  name: 'QuoteExpired',
  carried: true,
  description: 'The quote’s time is over.',
  interfaces: [ErrorInterface],
});

builder.objectType(QuoteUsed, {
  name: 'QuoteUsed',
  carried: true,
  description: 'The quote was ordered on already.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    order: t.drizzleField({
      type: 'orders',
      description: 'The order that was placed on it.',
      resolve: async (query, { orderId }, _args, { db }) => {
        const order = await db.query.orders.findFirst(query({ where: { id: orderId } }));
        if (!order) throw new TypeError('the order of a used quote is gone');
        return order;
      },
    }),
  }),
});

const CouponRefusalEnum = builder.enumType('CouponRefusal', {
  description: 'Why a coupon is worth nothing here.',
  values: {
    UNKNOWN: { description: 'There is no such code.' },
    NOT_YET: { description: 'It does not hold yet.' },
    OVER: { description: 'It has ended.' },
    USED_UP: { description: 'It was used as often as it may.' },
    USED_BY_YOU: { description: 'This reader has used it as often as one may.' },
    NOT_FOR_THESE: { description: 'It is for other editions.' },
    NOT_FOR_CURRENCY: { description: 'It is for other currencies.' },
  } as const,
});

builder.objectType(CouponRefused, {
  name: 'CouponRefused',
  carried: true,
  description: 'The coupon cannot be used for this.',
  interfaces: [ErrorInterface],
  fields: (t) => ({ reason: t.expose('reason', { type: CouponRefusalEnum, description: 'Why not.' }) }),
});

builder.objectType(NotRefundable, {
  name: 'NotRefundable',
  carried: true,
  description: 'This cannot be given back, or not by this reader: the message says why and what to do.',
  interfaces: [ErrorInterface],
});

builder.objectType(UploadMismatch, {
  name: 'UploadMismatch',
  carried: true,
  description: 'The bytes that were uploaded are not those that were announced. They may be put again.',
  interfaces: [ErrorInterface],
});

const UploadQuotaEnum = builder.enumType('UploadQuota', {
  description: 'What is limited for an account.',
  values: {
    UPLOADS_PER_DAY: { description: 'Files announced in any 24 hours.' },
    STORED_BYTES: { description: 'Bytes of all its files together.' },
  } as const,
});

builder.objectType(UploadQuotaReached, {
  name: 'UploadQuotaReached',
  carried: true,
  description: 'The account has uploaded as much as it may.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    quota: t.expose('quota', { type: UploadQuotaEnum, description: 'Which limit it is.' }),
    max: t.expose('max', { type: 'SafeInt', description: 'The limit, in uploads or bytes.' }),
    used: t.expose('used', { type: 'SafeInt', description: 'What is used of it.' }),
    availableAt: t.expose('availableAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When to try again; null when only room helps.',
    }),
  }),
});

/** What any change of an edition may be answered with. */
export const editionErrors = [NotFoundError, InvalidStateError, ConflictError, OverloadedError];

/** Tells a refusal of the marketplace in the API's own words. */
export function retell(error: unknown): never {
  if (error instanceof NotThere) throw new NotFoundError(error.what);
  if (error instanceof WrongState) throw new InvalidStateError(error.message, error.state);
  if (error instanceof Contradiction) throw new ConflictError(error.message);
  if (error instanceof KeyReused) throw new IdempotencyConflict(error.message);
  if (error instanceof FieldRefused) {
    throw new ValidationError([{ path: `input.${error.field}`, message: error.message }]);
  }
  throw error;
}
