/**
 * What the sandbox gateway's client and server say to each other: JSON over HTTP, checked on both sides.
 *
 * POST /v1/authorize | capture | void | refund    a request, with its idempotencyKey
 * GET  /v1/payments?idempotencyKey=|authorizationRef=
 * POST /v1/payees, POST /v1/payouts               a request, with its idempotencyKey
 * GET  /v1/payees/REF, /v1/disputes/REF, /v1/payouts?idempotencyKey=, /v1/movements?limit=&after=
 * GET  /health
 * POST /script, DELETE /script                    faults for all payments; see faultScriptSchema
 * GET  /actions/:authorizationRef                 the page a buyer is sent to; POST …/approve or …/deny decides
 * GET  /payees/:payeeRef                          the page a payee is sent to; POST …/complete makes it ready
 * POST /captures/:captureRef/dispute              the buyer's bank disputes a payment: answers { disputeRef }
 * POST /disputes/:disputeRef/win | lose           how it ends
 * POST /payouts/:payoutRef/settle | fail          a payout arrives, or comes back (also after it has arrived)
 * POST /refunds/:refundRef/fail                   a refund comes back
 */
import { z } from 'zod';
import { MOVEMENT_KINDS } from '../provider.ts';

/** Both ways; a request of this API is a few hundred bytes. */
export const BODY_SIZE_BYTES_MAX = 64 * 1024;

const text = z.string().min(1).max(255);
const amountMinor = z.int().positive();
const currency = z.string().regex(/^[A-Z]{3}$/, 'an ISO 4217 code of three capital letters');

export const authorizeRequestSchema = z.strictObject({
  idempotencyKey: text,
  amountMinor,
  currency,
  paymentToken: text,
  reference: text,
});
export const captureRequestSchema = z.strictObject({
  idempotencyKey: text,
  authorizationRef: text,
  amountMinor,
  currency,
});
export const voidRequestSchema = z.strictObject({ idempotencyKey: text, authorizationRef: text });
export const refundRequestSchema = z.strictObject({ idempotencyKey: text, captureRef: text, amountMinor, currency });

export const payeeRequestSchema = z.strictObject({
  idempotencyKey: text,
  reference: text,
  email: z.email(),
  country: z.string().regex(/^[A-Z]{2}$/, 'an ISO 3166 code of two capital letters'),
});
export const payRequestSchema = z.strictObject({
  idempotencyKey: text,
  payeeRef: text,
  amountMinor,
  currency,
  reference: text,
});

const refusedAnswerSchema = z.object({
  kind: z.literal('REFUSED'),
  reasonCode: z.string(),
  message: z.string(),
});
export const authorizeAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('AUTHORIZED'), authorizationRef: z.string() }),
  z.object({ kind: z.literal('DECLINED'), reasonCode: z.string(), message: z.string() }),
  z.object({ kind: z.literal('REQUIRES_ACTION'), authorizationRef: z.string(), actionUrl: z.url() }),
]);
export const captureAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('CAPTURED'), captureRef: z.string() }),
  refusedAnswerSchema,
]);
export const voidAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('VOIDED'), voidRef: z.string() }),
  refusedAnswerSchema,
]);
export const refundAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('REFUNDED'), refundRef: z.string() }),
  refusedAnswerSchema,
]);

const known = { authorizationRef: z.string(), reference: z.string(), amountMinor: z.int(), currency: z.string() };
export const paymentStateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('NOT_FOUND') }),
  z.object({ kind: z.literal('REQUIRES_ACTION'), ...known, actionUrl: z.url() }),
  z.object({ kind: z.literal('AUTHORIZED'), ...known }),
  z.object({ kind: z.literal('DECLINED'), ...known, reasonCode: z.string(), message: z.string() }),
  z.object({ kind: z.literal('EXPIRED'), ...known }),
  z.object({ kind: z.literal('VOIDED'), ...known, voidRef: z.string() }),
  z.object({
    kind: z.literal('CAPTURED'),
    ...known,
    captureRef: z.string(),
    capturedMinor: z.int(),
    refundedMinor: z.int(),
    refunds: z.array(
      z.object({
        refundRef: z.string(),
        idempotencyKey: z.string(),
        amountMinor: z.int(),
        state: z.enum(['PENDING', 'SETTLED', 'FAILED']),
      }),
    ),
  }),
]);

export const openedPayeeSchema = z.object({ payeeRef: z.string(), onboardingUrl: z.url().nullable() });
export const payeeStateSchema = z.object({ isReady: z.boolean(), onboardingUrl: z.url().nullable() });
export const payAnswerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['PROCESSING', 'PAID']), payoutRef: z.string() }),
  refusedAnswerSchema,
]);
const knownPayout = { payoutRef: z.string(), reference: z.string(), amountMinor: z.int(), currency: z.string() };
export const payoutStateSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('NOT_FOUND') }),
  z.object({ kind: z.enum(['PROCESSING', 'PAID']), ...knownPayout }),
  z.object({ kind: z.literal('FAILED'), ...knownPayout, reasonCode: z.string(), message: z.string() }),
]);
export const disputeFactsSchema = z.object({
  state: z.enum(['OPEN', 'WON', 'LOST']),
  captureRef: z.string(),
  amountMinor: z.int(),
  feeMinor: z.int(),
  currency: z.string(),
  reference: z.string(),
});
export const movementsSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(MOVEMENT_KINDS),
      ref: z.string(),
      reference: z.string(),
      amountMinor: z.int(),
      feeMinor: z.int(),
      currency: z.string(),
      at: z.iso.datetime().transform((text) => new Date(text)),
    }),
  ),
  next: z.string().nullable(),
});

/** The body of every answer that is not 2xx. */
export const faultAnswerSchema = z.object({ code: z.string(), message: z.string() });

const rate = z.number().min(0).max(1).default(0);
/**
 * Faults at random, each by its rate from 0 to 1. Which call of which key is hit depends on `seed` alone, not on the
 * order of arrival, so a seed replays exactly however many processes call.
 */
export const faultScriptSchema = z.strictObject({
  seed: z.int(),
  rates: z.strictObject({
    timeoutBefore: rate,
    timeoutAfter: rate,
    cutBefore: rate,
    cutAfter: rate,
    error500: rate,
    decline: rate,
    slow: rate,
  }),
  /** Only these; all when left out. */
  operations: z.array(z.enum(['authorize', 'capture', 'void', 'refund', 'lookup', 'pay', 'payee'])).optional(),
  /** After so many faults a key is left alone, so that every payment settles. (Default: 3) */
  faultsPerKeyMax: z.int().min(0).max(1000).default(3),
});
export type FaultScript = z.infer<typeof faultScriptSchema>;
