/**
 * PaymentProvider over the sandbox gateway's HTTP API.
 *
 * Every call has a time limit and heeds the caller's signal. Nothing is retried here: the caller repeats with the same
 * key. A lost connection, a 5xx, a 429 or an answer that cannot be read leave the outcome unknown; 409 is a key used for
 * something else; any other 4xx is final.
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import { z } from 'zod';
import { withinTime } from '../../within-time.ts';
import {
  GatewayIdempotencyConflictError,
  GatewayRejectedRequestError,
  GatewayTimeoutError,
  GatewayUnavailableError,
} from '../gateway.ts';
import type { PaymentProvider } from '../provider.ts';
import {
  BODY_SIZE_BYTES_MAX,
  authorizeAnswerSchema,
  captureAnswerSchema,
  disputeFactsSchema,
  faultAnswerSchema,
  movementsSchema,
  openedPayeeSchema,
  payAnswerSchema,
  payeeStateSchema,
  paymentStateSchema,
  payoutStateSchema,
  refundAnswerSchema,
  voidAnswerSchema,
} from './wire.ts';

/** Connections are used again, and dropped when they have rested for longer than the gateway keeps them. */
const agent = new Agent({ keepAlive: true, keepAliveMsecs: 1_000, maxSockets: 256, timeout: 4_000 });

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal | undefined;
}

/** @param options.timeoutMs for each call, connection included (Default: 10000) */
export function createSandboxGatewayClient(options: {
  readonly url: string;
  readonly timeoutMs?: number | undefined;
}): PaymentProvider {
  const { url, timeoutMs = 10_000 } = options;

  const call = <T>(wanted: Call, schema: z.ZodType<T>): Promise<T> =>
    withinTime({ timeoutMs, signal: wanted.signal }, async (signal) => {
      try {
        const { status, text } = await ask(new URL(wanted.path, url), wanted, signal);
        if (status !== 200) throw refusalFor(status, text);
        return schema.parse(JSON.parse(text));
      } catch (error) {
        if (error instanceof GatewayRejectedRequestError || error instanceof GatewayIdempotencyConflictError)
          throw error;
        if (error instanceof GatewayUnavailableError) throw error;
        if (signal.aborted) {
          const isStopped = wanted.signal?.aborted ?? false;
          const why = isStopped ? 'was not waited for any longer' : `gave no answer within ${timeoutMs} ms`;
          throw new GatewayTimeoutError(
            `The payment gateway ${why}; the outcome is unknown. Repeat with the same idempotency key.`,
            { cause: error },
          );
        }
        throw new GatewayUnavailableError(
          `The payment gateway at ${url} could not be reached or understood; the outcome is unknown. ` +
            'Check that it runs, then repeat with the same idempotency key.',
          { cause: error },
        );
      }
    });

  return {
    name: 'sandbox',
    // This gateway never forgets a key: when it was stored is of no interest to it.
    authorize: ({ signal, keyStoredAt: _keyStoredAt, ...body }) =>
      call({ method: 'POST', path: '/v1/authorize', body, signal }, authorizeAnswerSchema),
    capture: ({ signal, ...body }) => call({ method: 'POST', path: '/v1/capture', body, signal }, captureAnswerSchema),
    void: ({ signal, ...body }) => call({ method: 'POST', path: '/v1/void', body, signal }, voidAnswerSchema),
    refund: ({ signal, ...body }) => call({ method: 'POST', path: '/v1/refund', body, signal }, refundAnswerSchema),
    lookup: ({ signal, idempotencyKey, authorizationRef }) => {
      const query = new URLSearchParams(idempotencyKey === undefined ? { authorizationRef } : { idempotencyKey });
      return call({ method: 'GET', path: `/v1/payments?${query}`, signal }, paymentStateSchema);
    },
    openPayee: ({ signal, ...body }) => call({ method: 'POST', path: '/v1/payees', body, signal }, openedPayeeSchema),
    lookupPayee: ({ signal, payeeRef }) =>
      call({ method: 'GET', path: `/v1/payees/${encodeURIComponent(payeeRef)}`, signal }, payeeStateSchema),
    pay: ({ signal, ...body }) => call({ method: 'POST', path: '/v1/payouts', body, signal }, payAnswerSchema),
    lookupPayout: ({ signal, idempotencyKey }) => {
      const query = new URLSearchParams({ idempotencyKey });
      return call({ method: 'GET', path: `/v1/payouts?${query}`, signal }, payoutStateSchema);
    },
    lookupDispute: ({ signal, disputeRef }) =>
      call({ method: 'GET', path: `/v1/disputes/${encodeURIComponent(disputeRef)}`, signal }, disputeFactsSchema),
    movements: ({ signal, after, limit }) => {
      const query = new URLSearchParams({ limit: String(limit), ...(after === null ? {} : { after }) });
      return call({ method: 'GET', path: `/v1/movements?${query}`, signal }, movementsSchema);
    },
    checkHealth: async (options) => {
      await call({ method: 'GET', path: '/health', signal: options?.signal }, z.object({ ok: z.literal(true) }));
    },
  };
}

function refusalFor(status: number, text: string): Error {
  const parsed = faultAnswerSchema.safeParse(parseOrNull(text));
  const said = parsed.success ? parsed.data.message : `It answered ${status} without saying why.`;
  if (status === 409) return new GatewayIdempotencyConflictError(said);
  if (status >= 500 || status === 429 || status === 408) {
    return new GatewayUnavailableError(
      `The payment gateway failed (${status}): ${said} The outcome is unknown. Repeat with the same idempotency key.`,
    );
  }
  return new GatewayRejectedRequestError(`The payment gateway rejected the request (${status}): ${said}`);
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Follows no redirect. Straight on node:http: a purchase makes two calls, and fetch took longer than they did. */
async function ask(
  url: URL,
  { method, body }: Pick<Call, 'method' | 'body'>,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const asking = request(url, { method, headers, agent, signal }, resolve).on('error', reject);
  asking.end(body === undefined ? undefined : JSON.stringify(body));
  const response = await promise;
  return { status: response.statusCode ?? 0, text: await readText(response) };
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response) {
    const bytes: Uint8Array = Buffer.from(part);
    sizeBytes += bytes.length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) throw new Error(`The answer is longer than ${BODY_SIZE_BYTES_MAX} bytes.`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('utf8');
}
