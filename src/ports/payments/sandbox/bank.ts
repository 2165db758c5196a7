/**
 * The sandbox gateway's rules: which entry of the books a request leads to. Pure: no clock, network or disk.
 *
 * A key that was seen gives the entry it led to, or a conflict if the parameters differ. What cannot be judged yet (a
 * capture before the buyer acted) is refused without being booked, so that the same key can be tried again.
 */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { type BookedAnswer, type BookedAuthorization, type Books, refundedMinor } from './books.ts';
import type {
  authorizeRequestSchema,
  captureRequestSchema,
  payeeRequestSchema,
  payRequestSchema,
  refundRequestSchema,
  voidRequestSchema,
} from './wire.ts';

export type BankRequest =
  | ({ readonly operation: 'authorize' } & z.infer<typeof authorizeRequestSchema>)
  | ({ readonly operation: 'capture' } & z.infer<typeof captureRequestSchema>)
  | ({ readonly operation: 'void' } & z.infer<typeof voidRequestSchema>)
  | ({ readonly operation: 'refund' } & z.infer<typeof refundRequestSchema>)
  | ({ readonly operation: 'payee' } & z.infer<typeof payeeRequestSchema>)
  | ({ readonly operation: 'pay' } & z.infer<typeof payRequestSchema>);

type FollowUp = Extract<BankRequest, { operation: 'capture' | 'void' | 'refund' }>;

export type Judgement =
  /** Seen before: answer as then. */
  | { readonly kind: 'REPEAT'; readonly entry: BookedAnswer }
  /** To be booked, then answered. */
  | { readonly kind: 'BOOK'; readonly entry: BookedAnswer }
  /** Refused for now; not booked. */
  | { readonly kind: 'NOT_YET'; readonly reasonCode: string; readonly message: string }
  /** Same key, other parameters. */
  | { readonly kind: 'CONFLICT'; readonly message: string }
  /** Speaks of what does not exist. */
  | { readonly kind: 'UNKNOWN'; readonly message: string };

interface Stamp {
  readonly at: string;
  /** Random, to name the new authorization, capture, void or refund. */
  readonly id: string;
}

type Refusal = readonly [reasonCode: string, message: string];

export function judge(books: Books, request: BankRequest, stamp: Stamp, declineAnyway = false): Judgement {
  const fingerprint = createHash('sha256')
    .update(JSON.stringify(Object.entries(request).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');
  const seen = books.answers.get(request.idempotencyKey);
  if (seen !== undefined) {
    if (seen.fingerprint === fingerprint) return { kind: 'REPEAT', entry: seen };
    return {
      kind: 'CONFLICT',
      message: `The idempotency key ${request.idempotencyKey} was used before with other parameters. Use a new key for a new request.`,
    };
  }
  const asked = { at: stamp.at, idempotencyKey: request.idempotencyKey, fingerprint };
  if (request.operation === 'authorize') {
    const { amountMinor, currency, paymentToken, reference } = request;
    return {
      kind: 'BOOK',
      entry: {
        type: 'authorization',
        ...asked,
        authorizationRef: `auth_${stamp.id}`,
        ...authorizationOutcome(paymentToken, declineAnyway),
        amountMinor,
        currency,
        paymentToken,
        reference,
      },
    };
  }
  if (request.operation === 'payee') {
    const { reference, email, country } = request;
    return {
      kind: 'BOOK',
      entry: { type: 'payee', ...asked, payeeRef: `payee_${stamp.id}`, reference, email, country },
    };
  }
  if (request.operation === 'pay') return judgePayout(books, request, stamp, asked);
  return judgeFollowUp(books, request, stamp, asked);
}

function judgePayout(
  books: Books,
  request: Extract<BankRequest, { operation: 'pay' }>,
  stamp: Stamp,
  asked: { at: string; idempotencyKey: string; fingerprint: string },
): Judgement {
  const { payeeRef, amountMinor, currency, reference } = request;
  const payee = books.payees.get(payeeRef);
  if (payee === undefined) {
    return { kind: 'UNKNOWN', message: `This gateway has no ${payeeRef}. Check that it came from this gateway.` };
  }
  const known = { payeeRef, amountMinor, currency, reference, payoutRef: `pay_${stamp.id}` };
  return { kind: 'BOOK', entry: { type: 'payout', ...asked, ...known, ...payoutOutcome(payee) } };
}

type PayoutOutcome =
  | { readonly outcome: 'PAID' | 'PROCESSING' }
  | { readonly outcome: 'REFUSED'; readonly reasonCode: string; readonly message: string };

/** By how the payee's e-mail address begins; see server.ts. */
function payoutOutcome({ isReady, email }: { isReady: boolean; email: string }): PayoutOutcome {
  if (!isReady) {
    return { outcome: 'REFUSED', reasonCode: 'payee_not_ready', message: 'The payee has not completed its account.' };
  }
  if (email.startsWith('payout-refused')) {
    return { outcome: 'REFUSED', reasonCode: 'account_closed', message: 'The account of the payee is closed.' };
  }
  return { outcome: email.startsWith('payout-waits') ? 'PROCESSING' : 'PAID' };
}

function judgeFollowUp(
  books: Books,
  request: FollowUp,
  stamp: Stamp,
  asked: { at: string; idempotencyKey: string; fingerprint: string },
): Judgement {
  const authorizationRef =
    request.operation === 'refund'
      ? books.authorizationRefsByCapture.get(request.captureRef)
      : request.authorizationRef;
  const authorization = authorizationRef === undefined ? undefined : books.authorizations.get(authorizationRef);
  if (authorizationRef === undefined || authorization === undefined) {
    const name = request.operation === 'refund' ? request.captureRef : request.authorizationRef;
    return { kind: 'UNKNOWN', message: `This gateway has no ${name}. Check that it came from this gateway.` };
  }
  if (request.operation === 'capture' && authorization.state === 'REQUIRES_ACTION') {
    return { kind: 'NOT_YET', reasonCode: 'action_pending', message: 'The buyer has not yet approved the payment.' };
  }
  const refusal = refusalOf(authorization, request);
  if (refusal !== null) {
    const [reasonCode, message] = refusal;
    const { operation } = request;
    return { kind: 'BOOK', entry: { type: 'refusal', ...asked, operation, authorizationRef, reasonCode, message } };
  }
  switch (request.operation) {
    case 'capture': {
      const { amountMinor, currency } = request;
      const captureRef = `cap_${stamp.id}`;
      return {
        kind: 'BOOK',
        entry: { type: 'capture', ...asked, captureRef, authorizationRef, amountMinor, currency },
      };
    }
    case 'void':
      return { kind: 'BOOK', entry: { type: 'void', ...asked, voidRef: `void_${stamp.id}`, authorizationRef } };
    case 'refund': {
      const { amountMinor, currency, captureRef } = request;
      const refundRef = `ref_${stamp.id}`;
      return {
        kind: 'BOOK',
        entry: { type: 'refund', ...asked, refundRef, captureRef, authorizationRef, amountMinor, currency },
      };
    }
    default:
      return request satisfies never;
  }
}

function authorizationOutcome(
  paymentToken: string,
  declineAnyway: boolean,
): { outcome: 'AUTHORIZED' | 'REQUIRES_ACTION' } | { outcome: 'DECLINED'; reasonCode: string; message: string } {
  if (paymentToken === 'tok_insufficient_funds') {
    return { outcome: 'DECLINED', reasonCode: 'insufficient_funds', message: 'The card has insufficient funds.' };
  }
  if (paymentToken === 'tok_declined' || declineAnyway) {
    return { outcome: 'DECLINED', reasonCode: 'card_declined', message: 'The card was declined by its bank.' };
  }
  return { outcome: paymentToken === 'tok_requires_action' ? 'REQUIRES_ACTION' : 'AUTHORIZED' };
}

function refusalOf(authorization: BookedAuthorization, request: FollowUp): Refusal | null {
  if ('currency' in request && request.currency !== authorization.currency) {
    return ['currency_mismatch', `The payment was authorized in ${authorization.currency}, not ${request.currency}.`];
  }
  if (request.operation === 'refund') {
    if (authorization.dispute !== null && authorization.dispute.state !== 'WON') {
      return ['charge_disputed', 'The payment is disputed: the buyer’s bank has the money already.'];
    }
    const captured = authorization.capture?.amountMinor ?? 0;
    const refunded = refundedMinor(authorization);
    if (refunded + request.amountMinor <= captured) return null;
    return ['amount_exceeds_capture', `${captured - refunded} of the captured amount are left to refund.`];
  }
  switch (authorization.state) {
    case 'CAPTURED':
      return ['already_captured', 'This authorization was captured already.'];
    case 'VOIDED':
      return ['authorization_voided', 'This authorization was voided.'];
    case 'DECLINED':
      return ['authorization_declined', 'This authorization was declined.'];
    case 'EXPIRED':
      return ['authorization_expired', 'This authorization has expired.'];
    case 'REQUIRES_ACTION':
    case 'AUTHORIZED':
      break;
    default:
      return authorization.state satisfies never;
  }
  if (request.operation === 'void') return null;
  if (authorization.paymentToken === 'tok_capture_refused') {
    return ['authorization_expired', 'This authorization has expired.'];
  }
  if (request.amountMinor > authorization.amountMinor) {
    return ['amount_exceeds_authorization', `Only ${authorization.amountMinor} were authorized.`];
  }
  return null;
}
