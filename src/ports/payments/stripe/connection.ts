/**
 * The line to Stripe: the `stripe` package with a time limit and the caller's signal on every call.
 *
 * Nothing is retried but a call that another one under the same key is just working on: Stripe answers that at once
 * (409, or a lock's 429), and the same call a moment later gets the answer of the first. All else is repeated by the
 * caller, with its key.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Stripe } from 'stripe';
import { withinTime } from '../../within-time.ts';
import { isBusy, toGatewayError } from './errors.ts';

export interface StripeOptions {
  /** `sk_…` or a restricted `rk_…`; never logged. */
  readonly secretKey: string;
  /** Where the API is. (Default: https://api.stripe.com) */
  readonly apiBase?: string | undefined;
  /** Of one call of ours, repeats included. (Default: 9,000 ms) */
  readonly timeoutMs?: number | undefined;
  /** Where a buyer is sent back to from the bank, and a payee from Stripe. */
  readonly returnUrl: string;
}

export interface StripeLine {
  readonly stripe: Stripe;
  readonly returnUrl: string;
  /**
   * Calls Stripe.
   * @throws PaymentGatewayError for whatever the SDK throws, unless `refuse` makes an answer of it
   */
  call<Answer>(
    signal: AbortSignal | undefined,
    ask: (stripe: Stripe) => Promise<Answer>,
    refuse?: (error: InstanceType<typeof Stripe.errors.StripeError>) => Answer | null | Promise<Answer | null>,
  ): Promise<Answer>;
}

const BUSY_TRIES_MAX = 8;
const BUSY_DELAY_MS = 60;

export function openLine({ secretKey, apiBase, timeoutMs = 9_000, returnUrl }: StripeOptions): StripeLine {
  const callers = new AsyncLocalStorage<AbortSignal>();
  const stripe = new Stripe(secretKey, {
    ...placeOf(apiBase),
    httpClient: Stripe.createFetchHttpClient((url: string | URL | Request, init?: RequestInit) => {
      const signals = [init?.signal, callers.getStore()].filter((signal) => signal instanceof AbortSignal);
      return fetch(url, { ...init, redirect: 'error', signal: AbortSignal.any(signals) });
    }),
    timeout: timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
    appInfo: { name: 'booky-hub' },
  });
  return {
    stripe,
    returnUrl,
    call: (signal, ask, refuse) =>
      withinTime({ timeoutMs, signal }, async (ends) => {
        for (let tries = 1; ; tries += 1) {
          try {
            return await callers.run(ends, () => ask(stripe));
          } catch (error) {
            if (isBusy(error) && tries < BUSY_TRIES_MAX && !ends.aborted) {
              await delay(BUSY_DELAY_MS * tries, undefined, { signal: ends }).catch(() => {});
              continue;
            }
            if (refuse && error instanceof Stripe.errors.StripeError) {
              const answer = await refuse(error);
              if (answer !== null) return answer;
            }
            throw toGatewayError(error, ends.aborted);
          }
        }
      }),
  };
}

function placeOf(apiBase: string | undefined): { host?: string; port?: number; protocol?: 'http' | 'https' } {
  if (apiBase === undefined) return {};
  const { protocol, hostname, port } = new URL(apiBase);
  const isPlain = protocol === 'http:';
  return {
    host: hostname,
    port: port === '' ? (isPlain ? 80 : 443) : Number(port),
    protocol: isPlain ? 'http' : 'https',
  };
}
