/**
 * What people do at a provider, played by hand at the sandbox: a buyer answers the bank, a payee completes its account, a
 * bank disputes a payment or sends money back. The addresses are in wire.ts.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { actionPage, payeePage } from './action-page.ts';
import { refundedMinor } from './books.ts';
import { HttpFault, send } from './http.ts';
import { book, type Gateway, now } from './keeping.ts';

/** Taken with every dispute, in minor units of the payment's currency. */
const DISPUTE_FEE_MINOR = 1_500;

/** @param path with its method, such as `POST /disputes/REF/win` */
export function control(
  gateway: Gateway,
  path: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const [, method, what, ref = '', verb = null] =
    /^(GET|POST) \/(\w{1,20})\/([\w-]{1,100})(?:\/(\w{1,20}))?$/.exec(path) ?? [];
  if (what === 'actions') return decide(gateway, ref, verb ?? query.get('decision'), response);
  if (what === 'payees') return completePayee(gateway, ref, method === 'POST' && verb === 'complete', response);
  switch (`${method} ${what} ${verb}`) {
    case 'POST captures dispute':
      return openDispute(gateway, ref, response);
    case 'POST disputes win':
    case 'POST disputes lose':
      return closeDispute(gateway, ref, verb === 'win', response);
    case 'POST payouts settle':
    case 'POST payouts fail':
      return endPayout(gateway, ref, verb === 'settle', response);
    case 'POST refunds fail':
      return failRefund(gateway, ref, response);
    default:
      throw new HttpFault(404, 'not_found', `The sandbox gateway has no ${path}.`);
  }
}

async function decide(
  gateway: Gateway,
  authorizationRef: string,
  decision: string | null,
  response: ServerResponse,
): Promise<void> {
  const authorization = gateway.books.authorizations.get(authorizationRef);
  if (authorization?.outcome !== 'REQUIRES_ACTION') {
    throw new HttpFault(404, 'unknown_reference', 'No payment waits for this approval.');
  }
  const decided = decision === 'approve' || decision === 'deny';
  if (decided && authorization.state === 'REQUIRES_ACTION') {
    await book(gateway, { type: 'decision', at: now(), authorizationRef, approved: decision === 'approve' });
    gateway.notices?.send({ kind: 'PAYMENT', ref: authorizationRef, reference: authorization.reference });
  }
  sendPage(response, actionPage(authorization));
}

async function completePayee(
  gateway: Gateway,
  payeeRef: string,
  completes: boolean,
  response: ServerResponse,
): Promise<void> {
  const payee = gateway.books.payees.get(payeeRef);
  if (payee === undefined) throw new HttpFault(404, 'unknown_reference', 'There is no such payee.');
  if (completes && !payee.isReady) await book(gateway, { type: 'payee-completion', at: now(), payeeRef });
  sendPage(response, payeePage(payee));
}

async function openDispute(gateway: Gateway, captureRef: string, response: ServerResponse): Promise<void> {
  const { books } = gateway;
  const payment = books.authorizations.get(books.authorizationRefsByCapture.get(captureRef) ?? '');
  if (!payment?.capture) throw new HttpFault(404, 'unknown_reference', `This gateway has no ${captureRef}.`);
  const amountMinor = payment.capture.amountMinor - refundedMinor(payment);
  if (payment.dispute !== null || amountMinor === 0) {
    throw new HttpFault(409, 'not_disputable', 'This payment was disputed before, or nothing of it is left.');
  }
  const disputeRef = `dis_${randomUUID().replaceAll('-', '')}`;
  const money = { amountMinor, currency: payment.currency, feeMinor: DISPUTE_FEE_MINOR };
  await book(gateway, { type: 'dispute', at: now(), disputeRef, captureRef, ...money });
  gateway.notices?.send({ kind: 'DISPUTE', ref: disputeRef, reference: payment.reference });
  send(response, 200, { disputeRef });
}

async function closeDispute(
  gateway: Gateway,
  disputeRef: string,
  isWon: boolean,
  response: ServerResponse,
): Promise<void> {
  const dispute = gateway.books.disputes.get(disputeRef);
  if (dispute === undefined) throw new HttpFault(404, 'unknown_reference', `This gateway has no ${disputeRef}.`);
  if (dispute.state === 'OPEN') {
    await book(gateway, { type: 'dispute-result', at: now(), disputeRef, isWon });
    gateway.notices?.send({ kind: 'DISPUTE', ref: disputeRef, reference: dispute.payment.reference });
  }
  send(response, 200, { state: dispute.state });
}

async function endPayout(
  gateway: Gateway,
  payoutRef: string,
  isPaid: boolean,
  response: ServerResponse,
): Promise<void> {
  const payout = gateway.books.payouts.get(payoutRef);
  if (payout === undefined || payout.state === 'REFUSED') {
    throw new HttpFault(404, 'unknown_reference', `This gateway has no ${payoutRef}.`);
  }
  const canEnd = payout.state === 'PROCESSING' || (payout.state === 'PAID' && !isPaid);
  if (canEnd) {
    await book(gateway, { type: 'payout-result', at: now(), payoutRef, isPaid });
    gateway.notices?.send({ kind: 'PAYOUT', ref: payoutRef, reference: payout.reference });
  }
  send(response, 200, { state: payout.state });
}

async function failRefund(gateway: Gateway, refundRef: string, response: ServerResponse): Promise<void> {
  const refund = gateway.books.refunds.get(refundRef);
  if (refund === undefined) throw new HttpFault(404, 'unknown_reference', `This gateway has no ${refundRef}.`);
  if (!refund.hasFailed) {
    await book(gateway, { type: 'refund-failure', at: now(), refundRef });
    const reference = gateway.books.authorizations.get(refund.authorizationRef)?.reference ?? null;
    gateway.notices?.send({ kind: 'REFUND', ref: refundRef, reference });
  }
  send(response, 200, { hasFailed: true });
}

function sendPage(response: ServerResponse, html: string): void {
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    'cache-control': 'no-store',
  });
  response.end(html);
}
