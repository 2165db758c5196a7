/**
 * The sandbox gateway: a payment provider on this machine, with books of its own, that can be told to misbehave.
 *
 * Promise: an answer leaves only after its entry is on disk; a restart with the same folder continues the same books.
 * Tokens: tok_succeeds (and any other), tok_declined, tok_insufficient_funds, tok_requires_action, tok_slow,
 * tok_timeout_before_authorize, tok_timeout_after_authorize, tok_timeout_before_capture, tok_timeout_after_capture,
 * tok_error_500, tok_capture_refused. Payees whose e-mail address begins with payout-waits are paid when the sandbox is
 * told so; with payout-refused, never. Faults at random for all payments: POST /script (wire.ts).
 * Not here: real money, or any protection beyond the address it listens on. Never expose it.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { answerOf } from './answers.ts';
import { judge } from './bank.ts';
import type { BankRequest } from './bank.ts';
import { lockBooks } from './books-lock.ts';
import { Books } from './books.ts';
import { control } from './control.ts';
import { faultOf } from './faults.ts';
import { cut, HttpFault, listen, readBody, send } from './http.ts';
import { openJournal } from './journal.ts';
import { book, type Gateway, hang, now, type SandboxGatewayLog } from './keeping.ts';
import { createNoticeSender } from './notices.ts';
import { findDispute, findPayee, findPayment, findPayout, listMovements } from './lookups.ts';
import {
  authorizeRequestSchema,
  captureRequestSchema,
  faultScriptSchema,
  payeeRequestSchema,
  payRequestSchema,
  refundRequestSchema,
  voidRequestSchema,
} from './wire.ts';

export type { SandboxGatewayLog };

export interface SandboxGatewayOptions {
  /** Folder of the books; made if absent. One running gateway a folder. */
  readonly booksPath: string;
  /** (Default: 127.0.0.1) */
  readonly host?: string | undefined;
  /** 0 takes a free one. (Default: 0) */
  readonly port?: number | undefined;
  /** How browsers reach it, when that is not http://host:port. Goes into every actionUrl. */
  readonly publicUrl?: string | undefined;
  readonly log: SandboxGatewayLog;
  /** Where the shop hears of what people do here. (Default: nowhere) */
  readonly notices?: { readonly url: string; readonly secret: string } | undefined;
  /** Added by tok_slow and the scripted `slow`. (Default: 1500) */
  readonly slowMs?: number | undefined;
  /** A hanging connection is closed after this. (Default: 30000) */
  readonly hangMsMax?: number | undefined;
}

const CONNECTIONS_MAX = 2_000;
const ENTRIES_MAX = 2_000_000;

/** @throws SandboxBooksInUseError, SandboxBooksDamagedError */
export async function startSandboxGateway(
  options: SandboxGatewayOptions,
): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { booksPath, host = '127.0.0.1', port = 0, log } = options;
  await mkdir(booksPath, { recursive: true });
  const lock = await lockBooks(booksPath);
  try {
    const { journal, entries } = await openJournal(booksPath);
    const books = new Books();
    for (const entry of entries) books.apply(entry);
    const gateway: Gateway = {
      books,
      journal,
      log,
      slowMs: options.slowMs ?? 1_500,
      hangMsMax: options.hangMsMax ?? 30_000,
      publicUrl: '',
      notices: options.notices ? createNoticeSender(options.notices) : null,
    };
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
      void serve(gateway, request, response);
    });
    server.maxConnections = CONNECTIONS_MAX;
    const url = await listen(server, host, port).catch(async (error: unknown) => {
      await journal.close();
      throw error;
    });
    gateway.publicUrl = options.publicUrl ?? url;
    log.info({ url, booksPath, entries: entries.length }, 'sandbox payment gateway is up');
    return {
      url,
      async stop() {
        gateway.notices?.stop();
        await new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        });
        await journal.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function serve(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await route(gateway, request, response);
  } catch (error) {
    if (error instanceof HttpFault) {
      send(response, error.status, { code: error.code, message: error.message });
      return;
    }
    // A caller that hung up needs no answer.
    if (request.destroyed && !request.complete) return;
    gateway.log.error({ err: error, url: request.url }, 'sandbox payment gateway failed to answer');
    send(response, 500, { code: 'internal', message: 'The sandbox gateway failed. Its log says why.' });
  }
}

async function route(gateway: Gateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://gateway');
  const path = `${request.method} ${url.pathname}`;
  switch (path) {
    case 'GET /health':
      return send(response, 200, { ok: true, entries: gateway.books.entryCount });
    case 'GET /v1/payments':
      return findPayment(gateway, url.searchParams, response);
    case 'GET /v1/payouts':
      return findPayout(gateway, url.searchParams, response);
    case 'GET /v1/movements':
      return listMovements(gateway, url.searchParams, response);
    case 'POST /v1/payees':
      return act(gateway, { operation: 'payee', ...(await readBody(request, payeeRequestSchema)) }, response);
    case 'POST /v1/payouts':
      return act(gateway, { operation: 'pay', ...(await readBody(request, payRequestSchema)) }, response);
    case 'POST /v1/authorize':
      return act(gateway, { operation: 'authorize', ...(await readBody(request, authorizeRequestSchema)) }, response);
    case 'POST /v1/capture':
      return act(gateway, { operation: 'capture', ...(await readBody(request, captureRequestSchema)) }, response);
    case 'POST /v1/void':
      return act(gateway, { operation: 'void', ...(await readBody(request, voidRequestSchema)) }, response);
    case 'POST /v1/refund':
      return act(gateway, { operation: 'refund', ...(await readBody(request, refundRequestSchema)) }, response);
    case 'POST /script': {
      const script = await readBody(request, faultScriptSchema);
      await book(gateway, { type: 'script', at: now(), script });
      return send(response, 200, script);
    }
    case 'DELETE /script':
      await book(gateway, { type: 'script', at: now(), script: null });
      return send(response, 200, { ok: true });
    default:
  }
  const [, found, ref = ''] = /^GET \/v1\/(payees|disputes)\/([\w-]{1,100})$/.exec(path) ?? [];
  if (found === 'payees') return findPayee(gateway, ref, response);
  if (found === 'disputes') return findDispute(gateway, ref, response);
  return control(gateway, path, url.searchParams, response);
}

/** Plays the fault that is due, if any, around the judging and booking of a request. */
async function act(gateway: Gateway, request: BankRequest, response: ServerResponse): Promise<void> {
  const fault = faultOf({
    operation: request.operation,
    idempotencyKey: request.idempotencyKey,
    paymentToken: tokenOf(gateway.books, request),
    faults: gateway.books.faultsByKey.get(request.idempotencyKey) ?? [],
    script: gateway.books.script,
  });
  if (fault === 'slow') await delay(gateway.slowMs);
  else if (fault !== null && fault !== 'decline') {
    await book(gateway, { type: 'fault', at: now(), idempotencyKey: request.idempotencyKey, fault });
  }
  if (fault === 'timeoutBefore') return hang(gateway, response);
  if (fault === 'cutBefore') return cut(response);
  if (fault === 'error500') throw new HttpFault(500, 'internal', 'The sandbox gateway was told to fail this call.');

  if (gateway.books.entryCount >= ENTRIES_MAX) {
    throw new HttpFault(503, 'books_full', `The books hold ${ENTRIES_MAX} entries, the most allowed. Start new ones.`);
  }
  const stamp = { at: now(), id: randomUUID().replaceAll('-', '') };
  const judgement = judge(gateway.books, request, stamp, fault === 'decline');
  switch (judgement.kind) {
    case 'UNKNOWN':
      throw new HttpFault(404, 'unknown_reference', judgement.message);
    case 'CONFLICT':
      throw new HttpFault(409, 'idempotency_conflict', judgement.message);
    case 'NOT_YET': {
      const { reasonCode, message } = judgement;
      return send(response, 200, { kind: 'REFUSED', reasonCode, message });
    }
    case 'BOOK':
      await book(gateway, judgement.entry);
      break;
    case 'REPEAT':
      await gateway.journal.flushed();
      break;
    default:
      judgement satisfies never;
  }
  if (fault === 'timeoutAfter') return hang(gateway, response);
  if (fault === 'cutAfter') return cut(response);
  return send(response, 200, answerOf(judgement.entry, gateway.publicUrl));
}

function tokenOf(books: Books, request: BankRequest): string | undefined {
  if (request.operation === 'payee' || request.operation === 'pay') return undefined;
  if (request.operation === 'authorize') return request.paymentToken;
  const ref =
    request.operation === 'refund'
      ? books.authorizationRefsByCapture.get(request.captureRef)
      : request.authorizationRef;
  return ref === undefined ? undefined : books.authorizations.get(ref)?.paymentToken;
}
