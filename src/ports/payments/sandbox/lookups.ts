/** What the sandbox gateway tells of its books: payments, payouts, payees, disputes, movements. */
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { disputeFactsOf, payeeStateOf, payoutStateOf, stateOf } from './answers.ts';
import { movementNumber, paymentEntry } from './books.ts';
import { type Fault, faultOf } from './faults.ts';
import { cut, HttpFault, send } from './http.ts';
import { book, type Gateway, hang, now } from './keeping.ts';

export async function findPayment(gateway: Gateway, query: URLSearchParams, response: ServerResponse): Promise<void> {
  const idempotencyKey = query.get('idempotencyKey');
  const authorizationRef = query.get('authorizationRef');
  if ((idempotencyKey === null) === (authorizationRef === null)) {
    throw new HttpFault(400, 'invalid_request', 'Give either idempotencyKey or authorizationRef.');
  }
  const faultKey = `lookup:${idempotencyKey ?? authorizationRef}`;
  const fault: Fault | null = faultOf({
    operation: 'lookup',
    idempotencyKey: faultKey,
    paymentToken: undefined,
    faults: gateway.books.faultsByKey.get(faultKey) ?? [],
    script: gateway.books.script,
  });
  if (fault === 'slow') await delay(gateway.slowMs);
  else if (fault !== null) {
    await book(gateway, { type: 'fault', at: now(), idempotencyKey: faultKey, fault });
    if (fault === 'error500') throw new HttpFault(500, 'internal', 'The sandbox gateway was told to fail this call.');
    return fault === 'cutBefore' || fault === 'cutAfter' ? cut(response) : hang(gateway, response);
  }
  await gateway.journal.flushed();
  const ref =
    authorizationRef ??
    (idempotencyKey === null ? undefined : paymentEntry(gateway.books, idempotencyKey)?.authorizationRef);
  const authorization = ref === undefined ? undefined : gateway.books.authorizations.get(ref);
  send(response, 200, authorization === undefined ? { kind: 'NOT_FOUND' } : stateOf(authorization, gateway.publicUrl));
}

export function findPayout({ books }: Gateway, query: URLSearchParams, response: ServerResponse): void {
  const entry = books.answers.get(query.get('idempotencyKey') ?? '');
  send(response, 200, payoutStateOf(entry?.type === 'payout' ? books.payouts.get(entry.payoutRef) : undefined));
}

export function findPayee({ books, publicUrl }: Gateway, payeeRef: string, response: ServerResponse): void {
  const payee = books.payees.get(payeeRef);
  if (payee === undefined) throw new HttpFault(404, 'unknown_reference', `This gateway has no ${payeeRef}.`);
  send(response, 200, payeeStateOf(payee, publicUrl));
}

export function findDispute({ books }: Gateway, disputeRef: string, response: ServerResponse): void {
  const dispute = books.disputes.get(disputeRef);
  if (dispute === undefined) throw new HttpFault(404, 'unknown_reference', `This gateway has no ${disputeRef}.`);
  send(response, 200, disputeFactsOf(dispute));
}

const pageSchema = z.object({ limit: z.coerce.number().int().min(1).max(100), after: z.string().nullable() });

export function listMovements({ books }: Gateway, query: URLSearchParams, response: ServerResponse): void {
  const page = pageSchema.safeParse({ limit: query.get('limit'), after: query.get('after') });
  const from = page.data?.after === null ? 0 : movementNumber(page.data?.after ?? '');
  if (!page.success || from === null) {
    throw new HttpFault(400, 'invalid_request', 'Give a limit from 1 to 100, and as `after` the id of a movement.');
  }
  const items = books.movements.slice(from, from + page.data.limit);
  const hasMore = books.movements.length > from + items.length;
  send(response, 200, { items, next: hasMore ? (items.at(-1)?.id ?? null) : null });
}
