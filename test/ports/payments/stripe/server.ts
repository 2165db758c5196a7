/**
 * A local server that behaves as Stripe's published API says: authentication, form bodies, error shapes, idempotency keys
 * (replayed with `Idempotent-Replayed`, refused with other parameters, 409 while in use, 500s kept, forgotten when told),
 * rate limits, pages, and webhooks signed by `Stripe-Signature`.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { listen } from '../../../../src/ports/payments/sandbox/http.ts';
import { endpoints, type Place } from './endpoints.ts';
import { decodeForm } from './form.ts';
import { type Json, type StripeEvent, StripeFault, StripeWorld } from './world.ts';

/** What befalls a call. Before: nothing is done; after: it is done and the answer is lost. 500s are kept under the key. */
export type StripeMishap =
  | 'rateLimit'
  | 'error500'
  | 'error500After'
  | 'error503'
  | 'cutBefore'
  | 'cutAfter'
  | 'hangBefore'
  | 'hangAfter';

export interface StripeStandInOptions {
  readonly secretKey?: string;
  /** Where its webhooks go; each is sent before the call that caused it is answered. (Default: nowhere) */
  readonly webhook?: { readonly url: () => string; readonly secret: string };
  /** How long a payment is not found by search. (Default: 0) */
  readonly searchLagSeconds?: number;
  /** Time between the arrival of a call and its work. (Default: 2 ms) */
  readonly latencyMs?: number;
  readonly now?: () => Date;
}

interface Kept {
  readonly fingerprint: string;
  readonly status: number;
  readonly body: Json;
}

export type StripeStandIn = Awaited<ReturnType<typeof startStripeStandIn>>;

export const STRIPE_TEST_KEY = 'sk_test_stand_in';

export async function startStripeStandIn(options: StripeStandInOptions = {}) {
  const { secretKey = STRIPE_TEST_KEY, searchLagSeconds = 0, latencyMs = 2, webhook } = options;
  const world = new StripeWorld(options.now);
  const kept = new Map<string, Kept>();
  const inUse = new Set<string>();
  const mishaps: { path: RegExp; mishap: StripeMishap }[] = [];
  const calls: { method: string; path: string; key: string | null; status: number }[] = [];
  const sending = new Set<Promise<void>>();
  let place: Place = { baseUrl: '', searchLagSeconds };

  world.onEvent = (event) => {
    if (!webhook) return;
    const sent = sendWebhook(webhook.url(), event, webhook.secret).then(
      () => {},
      () => {},
    );
    sending.add(sent);
    void sent.finally(() => sending.delete(sent));
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stripe');
    const method = request.method === 'POST' ? 'POST' : 'GET';
    const text = await readText(request);
    const key = method === 'POST' ? (request.headers['idempotency-key']?.toString() ?? null) : null;
    const call = { method, path: url.pathname, key, status: 0 };
    calls.push(call);
    const reply = (status: number, body: Json, headers: Record<string, string> = {}) => {
      call.status = status;
      if (response.destroyed) return;
      response.writeHead(status, {
        'content-type': 'application/json',
        'request-id': `req_${randomUUID().slice(0, 14)}`,
        ...(key !== null && { 'idempotency-key': key }),
        ...headers,
      });
      response.end(JSON.stringify(body));
    };
    const fail = ({ status, body }: StripeFault, headers = {}) => reply(status, { error: body }, headers);

    if (request.headers.authorization !== `Bearer ${secretKey}`) {
      return fail(new StripeFault(401, { message: 'Invalid API Key provided: sk_test_*******_in' }));
    }
    const mishap = takeMishap(mishaps, `${method} ${url.pathname}`);
    if (mishap === 'cutBefore') return void response.destroy();
    if (mishap === 'hangBefore') return;
    if (mishap === 'rateLimit') {
      return fail(new StripeFault(429, { code: 'rate_limit', message: 'Request rate limit exceeded.' }));
    }
    if (mishap === 'error503') return fail(new StripeFault(503, { type: 'api_error', message: 'Unavailable.' }));

    const fingerprint = createHash('sha256').update(`${method} ${url.pathname}\n${text}`).digest('hex');
    const before = key === null ? undefined : kept.get(key);
    if (before) return replay(before, fingerprint, reply, key ?? '');
    if (key !== null && inUse.has(key)) {
      const message = 'There is currently another in-progress request using this Idempotency Key.';
      return fail(new StripeFault(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message }));
    }
    if (key !== null) inUse.add(key);
    try {
      await delay(latencyMs);
      const worked = mishap === 'error500' ? INTERNAL : work(world, place, method, url, text);
      const done = mishap === 'error500After' ? INTERNAL : worked;
      // Only what an endpoint has begun is kept under the key.
      if (key !== null && done.isSaved) kept.set(key, { fingerprint, ...done });
      // Webhooks may well arrive before the answer; here they always do.
      await Promise.all(sending);
      if (mishap === 'cutAfter') response.destroy();
      else if (mishap !== 'hangAfter') reply(done.status, done.body);
    } finally {
      if (key !== null) inUse.delete(key);
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { type: 'api_error', message: String(error) } }));
    });
  });
  const url = await listen(server, '127.0.0.1', 0);
  place = { baseUrl: url, searchLagSeconds };
  return {
    url,
    world,
    calls,
    /** Befalls the next call whose `METHOD /path` matches. */
    befall: (path: RegExp, mishap: StripeMishap) => void mishaps.push({ path, mishap }),
    /** As Stripe does when keys are more than 24 hours old. */
    forgetKeys: () => kept.clear(),
    async stop() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** `Stripe-Signature` as documented: HMAC-SHA256 over `timestamp.body`, in hex. */
export function signEvent(
  event: Json | StripeEvent,
  secret: string,
  timestampSeconds = Math.floor(Date.now() / 1_000),
) {
  const body = JSON.stringify(event);
  const signature = createHmac('sha256', secret).update(`${timestampSeconds}.${body}`).digest('hex');
  return { body, headers: { 'stripe-signature': `t=${timestampSeconds},v1=${signature}` } };
}

export function sendWebhook(
  url: string,
  event: StripeEvent,
  secret: string,
  timestampSeconds?: number,
): Promise<Response> {
  const { body, headers } = signEvent(event, secret, timestampSeconds);
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

interface Done {
  readonly status: number;
  readonly body: Json;
  readonly isSaved: boolean;
}

function work(world: StripeWorld, place: Place, method: string, url: URL, text: string): Done {
  try {
    for (const one of endpoints) {
      const match = one.method === method ? one.path.exec(url.pathname) : null;
      if (!match) continue;
      const params = decodeForm(method === 'GET' ? url.search.slice(1) : text);
      const answer = one.answer(world, params, match[1] ?? '', place);
      return { status: 200, body: structuredClone(answer), isSaved: true };
    }
    throw new StripeFault(404, { message: `Unrecognized request URL (${method}: ${url.pathname}).` }, false);
  } catch (error) {
    const fault = error instanceof z.ZodError ? badParameters(error.issues[0]) : error;
    if (!(fault instanceof StripeFault)) throw error;
    return { status: fault.status, body: { error: fault.body }, isSaved: fault.isSaved };
  }
}

/** Found before an endpoint begins, so not kept under the key. */
function badParameters(issue: z.core.$ZodIssue | undefined): StripeFault {
  if (issue?.code === 'unrecognized_keys') {
    const param = issue.keys[0] ?? '';
    return new StripeFault(
      400,
      { code: 'parameter_unknown', message: `Received unknown parameter: ${param}`, param },
      false,
    );
  }
  const param = issue?.path.map(String).join('.') ?? '';
  const code = issue?.message === 'parameter_invalid_integer' ? issue.message : 'parameter_missing';
  return new StripeFault(400, { code, message: `Invalid ${param}: ${issue?.message ?? ''}`, param }, false);
}

const INTERNAL: Done = {
  status: 500,
  body: { error: { type: 'api_error', message: 'Something went wrong on Stripe’s end.' } },
  isSaved: true,
};

function replay(
  before: Kept,
  fingerprint: string,
  reply: (status: number, body: Json, headers?: Record<string, string>) => void,
  key: string,
): void {
  if (before.fingerprint === fingerprint) return reply(before.status, before.body, { 'idempotent-replayed': 'true' });
  const message = `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`;
  reply(400, { error: { type: 'idempotency_error', message } });
}

function takeMishap(mishaps: { path: RegExp; mishap: StripeMishap }[], call: string): StripeMishap | null {
  const index = mishaps.findIndex(({ path }) => path.test(call));
  return index < 0 ? null : (mishaps.splice(index, 1)[0]?.mishap ?? null);
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString('utf8');
}
