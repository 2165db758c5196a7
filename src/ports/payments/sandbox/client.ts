/**
 * PaymentProvider over the sandbox gateway's HTTP API.
 *
 * Every call has a time limit and heeds the caller's signal. Nothing is retried here: the caller repeats with the same
 * key. A lost connection, a 5xx, a 429 or an answer that cannot be read leave the outcome unknown; 409 is a key used for
 * something else; any other 4xx is final.
 */
import { z } from 'zod';
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

  async function call<T>(request: Call, schema: z.ZodType<T>): Promise<T> {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
    try {
      const response = await fetch(new URL(request.path, url), {
        method: request.method,
        redirect: 'error',
        signal,
        ...(request.body === undefined
          ? {}
          : { body: JSON.stringify(request.body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await readText(response);
      if (!response.ok) throw refusalFor(response.status, text);
      return schema.parse(JSON.parse(text));
    } catch (error) {
      if (error instanceof GatewayRejectedRequestError || error instanceof GatewayIdempotencyConflictError) throw error;
      if (error instanceof GatewayUnavailableError) throw error;
      if (signal.aborted) {
        const why = limit.aborted ? `gave no answer within ${timeoutMs} ms` : 'was not waited for any longer';
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
  }

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

async function readText(response: Response): Promise<string> {
  if (response.body === null) return '';
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body) {
    sizeBytes += part.length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) throw new Error(`The answer is longer than ${BODY_SIZE_BYTES_MAX} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
