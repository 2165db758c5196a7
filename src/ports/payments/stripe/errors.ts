/**
 * Stripe's errors in the words of the payment port.
 *
 * | Stripe says | means |
 * |---|---|
 * | no connection, no answer in time | the outcome is unknown; repeat with the same key |
 * | 5xx, 429, 409 (the key is in use), an answer that is no JSON | the same |
 * | 401, 403 of the whole account | our key is wrong: an operator mends it, so it is repeated as well |
 * | 400 `idempotency_error` | the key was used with other parameters; final |
 * | any other 4xx | never accepted; final |
 *
 * Declines and refusals are answers, told apart where they are expected (payments.ts, payouts.ts).
 */
import { Stripe } from 'stripe';
import {
  GatewayIdempotencyConflictError,
  GatewayRejectedRequestError,
  GatewayTimeoutError,
  GatewayUnavailableError,
  PaymentGatewayError,
} from '../gateway.ts';

const { errors } = Stripe;
const MESSAGE_CHARS_MAX = 300;
const REPEAT = 'The outcome is unknown. Repeat with the same idempotency key.';

/** Another call under the same key, or on the same object, is at work at this moment. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof errors.StripeError)) return false;
  return error.statusCode === 409 || (error.statusCode === 429 && error.code === 'lock_timeout');
}

/** The answer was given before under this key, whatever has happened since. */
export const isReplayed = (error: { headers?: Record<string, string> | undefined }): boolean =>
  error.headers?.['idempotent-replayed'] === 'true';

/** @param isOver the time limit has passed, or the caller waits no longer */
export function toGatewayError(error: unknown, isOver: boolean): PaymentGatewayError {
  if (error instanceof PaymentGatewayError) return error;
  if (!(error instanceof errors.StripeError)) {
    return new GatewayUnavailableError(`Stripe could not be asked. ${REPEAT}`, { cause: error });
  }
  const said = tell(error);
  if (error instanceof errors.StripeConnectionError) {
    const isLate = isOver || error.message.includes('timeout');
    if (isLate) return new GatewayTimeoutError(`Stripe gave no answer in time. ${REPEAT}`, { cause: error });
    return new GatewayUnavailableError(`Stripe could not be reached. ${REPEAT}`, { cause: error });
  }
  if (error instanceof errors.StripeIdempotencyError) {
    return new GatewayIdempotencyConflictError(`${said} Use a new key for a new request.`, { cause: error });
  }
  const isOurKey = error.statusCode === 401 || (error.statusCode === 403 && error.code !== 'account_invalid');
  if (isOurKey) {
    // Stripe's own words quote a part of the key.
    return new GatewayUnavailableError(
      'Stripe does not accept our key, or it may not do this. Check STRIPE_SECRET_KEY and its permissions.',
    );
  }
  const { statusCode } = error;
  const isOpen = statusCode === undefined || statusCode >= 500 || statusCode === 429 || statusCode === 409;
  if (isOpen) return new GatewayUnavailableError(`Stripe failed: ${said} ${REPEAT}`, { cause: error });
  return new GatewayRejectedRequestError(`Stripe rejected the request: ${said}`, { cause: error });
}

function tell({ statusCode, code, message, requestId }: InstanceType<typeof errors.StripeError>): string {
  const where = [statusCode, code, requestId].filter((part) => part !== undefined).join(', ');
  return `${message.slice(0, MESSAGE_CHARS_MAX)} (${where})`;
}
