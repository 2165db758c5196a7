/**
 * Sends a webhook: one POST, signed by the Standard Webhooks specification, with nothing left to whom it goes to.
 *
 * Promise: the name is resolved once and the connection goes to an address of that answer which was found to be public,
 * so that a name that changes its address between the look and the connection leads nowhere; a redirect is not followed;
 * an answer is waited for 15 s and read for 4 KiB at most.
 * Not here: when to try again, and what an answer means (src/consumers/webhooks).
 */
import { lookup as resolveName, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { withinTime } from '../within-time.ts';
import { faultOfUrl, isPublicAddress } from './addresses.ts';

export interface WebhookMessage {
  readonly url: string;
  /** `webhook-id`: the same for each attempt, so that the receiver can tell a repeat. */
  readonly id: string;
  readonly body: string;
  /** The newest first; each signs. `whsec_…` */
  readonly secrets: readonly string[];
  readonly at: Date;
  readonly signal?: AbortSignal | undefined;
}

export type WebhookAnswer =
  | {
      readonly kind: 'ANSWERED';
      readonly statusCode: number;
      /** The beginning of the answer's body. */
      readonly excerpt: string;
      /** What the receiver asks to wait, when it does. */
      readonly retryAfterMs: number | null;
    }
  | {
      readonly kind: 'UNANSWERED';
      readonly code: 'TIMEOUT' | 'UNREACHABLE' | 'ADDRESS_REFUSED';
      readonly message: string;
    };

export interface WebhookSender {
  send(message: WebhookMessage): Promise<WebhookAnswer>;
}

export interface WebhookSenderOptions {
  /** Also plain HTTP and addresses of our own network. (Default: false) */
  readonly allowsPrivate?: boolean | undefined;
  /** (Default: 15,000 ms) */
  readonly timeoutMs?: number | undefined;
  /** (Default: the system's) */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
}

const TIMEOUT_MS = 15_000;
const ANSWER_BYTES_MAX = 4_096;
const EXCERPT_CHARS_MAX = 500;
const RETRY_AFTER_SECONDS_MAX = 24 * 3_600;

class AddressRefusedError extends Error {}

export function createWebhookSender(options: WebhookSenderOptions = {}): WebhookSender {
  const { allowsPrivate = false, timeoutMs = TIMEOUT_MS, resolve = resolveAll } = options;
  const lookup = guardedLookup(resolve, allowsPrivate);
  return {
    async send(message) {
      const fault = faultOfUrl(message.url, { allowsPrivate });
      if (fault !== null) return { kind: 'UNANSWERED', code: 'ADDRESS_REFUSED', message: fault };
      return withinTime({ timeoutMs, signal: message.signal }, async (signal) => {
        try {
          return await post(message, { lookup, signal });
        } catch (error) {
          if (error instanceof AddressRefusedError) {
            return { kind: 'UNANSWERED', code: 'ADDRESS_REFUSED', message: error.message };
          }
          if (signal.aborted) {
            return { kind: 'UNANSWERED', code: 'TIMEOUT', message: `No answer came within ${timeoutMs} ms.` };
          }
          const why = error instanceof Error && 'code' in error ? String(error.code) : 'no connection';
          return { kind: 'UNANSWERED', code: 'UNREACHABLE', message: `It could not be reached: ${why}.` };
        }
      });
    },
  };
}

function post(
  { url, id, body, secrets, at }: WebhookMessage,
  connection: Pick<RequestOptions, 'lookup' | 'signal'>,
): Promise<WebhookAnswer> {
  const target = new URL(url);
  const request = target.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(target, {
      ...connection,
      method: 'POST',
      // A connection of its own each time: one that was kept would skip the look at the address.
      agent: false,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'Booky-Hub-Webhooks/1',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      readAnswer(response).then(resolve, reject);
    });
    sent.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<WebhookAnswer> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of response) {
    const bytes = Buffer.from(part);
    parts.push(bytes);
    sizeBytes += bytes.length;
    // Leaving the loop closes the connection.
    if (sizeBytes >= ANSWER_BYTES_MAX) break;
  }
  const text = Buffer.concat(parts)
    .toString('utf8')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ');
  return {
    kind: 'ANSWERED',
    statusCode: response.statusCode ?? 0,
    excerpt: text.slice(0, EXCERPT_CHARS_MAX),
    retryAfterMs: retryAfterOf(response.headers['retry-after']),
  };
}

/** Seconds only; a date is not worth the trouble. */
function retryAfterOf(header: string | undefined): number | null {
  if (header === undefined || !/^\d{1,9}$/.test(header)) return null;
  return Math.min(RETRY_AFTER_SECONDS_MAX, Number(header)) * 1_000;
}

const resolveAll = (host: string): Promise<LookupAddress[]> =>
  new Promise((resolve, reject) => {
    resolveName(host, { all: true, verbatim: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses);
    });
  });

/** Gives a connection only addresses that it may go to; any other in the same answer is a sign of ill will. */
function guardedLookup(
  resolve: (host: string) => Promise<readonly LookupAddress[]>,
  allowsPrivate: boolean,
): LookupFunction {
  const choose = callbackify(async (host: string) => {
    const addresses = await resolve(host);
    const [first] = addresses;
    const isRefused = !allowsPrivate && !addresses.every(({ address }) => isPublicAddress(address));
    if (first === undefined || isRefused) {
      throw new AddressRefusedError(`${host} does not lead to the public internet.`);
    }
    return { first, addresses };
  });
  return (host, options, done) => {
    choose(host, (error, chosen) => {
      if (error) done(error, '');
      else if (options.all === true) done(null, [...chosen.addresses]);
      else done(null, chosen.first.address, chosen.first.family);
    });
  };
}
