/**
 * Stripe's webhooks, verified by `Stripe-Signature` over the raw body: five minutes old at most, by any of our secrets, of
 * which there are two while one is being replaced.
 */
import { Stripe } from 'stripe';
import { z } from 'zod';
import { NoticeRefusedError, type NoticeReader, type PaymentNotice } from '../notices.ts';
import { METADATA } from './intents.ts';

const TOLERANCE_SECONDS = 300;

/** By how the event's type begins; the first that fits. */
const KINDS: readonly [begins: string, PaymentNotice['kind']][] = [
  ['payment_intent.', 'PAYMENT'],
  ['charge.dispute.', 'DISPUTE'],
  ['charge.refund', 'REFUND'],
  ['refund.', 'REFUND'],
  ['transfer.', 'PAYOUT'],
];

const eventSchema = z.object({
  id: z.string().min(1).max(200),
  type: z.string(),
  data: z.object({
    object: z.object({
      id: z.string().min(1).max(200),
      status: z.string().nullish(),
      metadata: z.record(z.string(), z.string()).nullish(),
    }),
  }),
});

/** @param secrets the signing secrets of the endpoint (`whsec_…`), one or two */
export function createStripeNoticeReader(secrets: readonly string[]): NoticeReader {
  return {
    name: 'stripe',
    readNotice(rawBody, headers) {
      verify(rawBody, headers['stripe-signature'] ?? '', secrets);
      const event = parse(rawBody);
      const kind = KINDS.find(([begins]) => event.type.startsWith(begins))?.[1];
      const { id: ref, status, metadata } = event.data.object;
      // An inquiry that a bank may or may not turn into a dispute: no money has moved.
      const isInquiry = kind === 'DISPUTE' && (status?.startsWith('warning_') ?? false);
      if (kind === undefined || isInquiry) return null;
      return { id: event.id, kind, ref, reference: metadata?.[METADATA.reference] || null };
    },
  };
}

/** @throws NoticeRefusedError */
function verify(rawBody: Buffer, signature: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    try {
      if (Stripe.webhooks.signature?.verifyHeader(rawBody, signature, secret, TOLERANCE_SECONDS)) return;
    } catch (error) {
      if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) throw error;
    }
  }
  throw new NoticeRefusedError('This is not signed by Stripe with our secret, or it is older than five minutes.');
}

function parse(rawBody: Buffer): z.infer<typeof eventSchema> {
  try {
    return eventSchema.parse(JSON.parse(rawBody.toString('utf8')));
  } catch (cause) {
    throw new NoticeRefusedError('This is no event of Stripe’s.', { cause });
  }
}
