/**
 * Workflow `purchase`: from a placed order to a book in the library.
 *
 * Promise: charged at most once; ends in "book delivered" or "money returned"; what is unknown is shown as unknown.
 */
import {
  orderCancelled,
  orderCompleted,
  orderExpired,
  orderPlaced,
  orderRejected,
  orderValidated,
  paymentActionRequired,
  paymentAuthorized,
  paymentCaptured,
  paymentCaptureStarted,
  paymentDeclined,
} from '../../events/index.ts';
import type { Tx } from '../../db/client.ts';
import { backoff, once, untilDone } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { authorizePayment, awaitAction, releasePayment } from './authorize-payment.ts';
import { capturePayment } from './capture-payment.ts';
import { grantLicences, showFulfilling } from './fulfil.ts';
import { readPaymentStatus } from './order-reads.ts';
import { changeOrder } from './order-writes.ts';
import { validateOrders } from './validate.ts';

/** Ten tries over about four minutes: longer than most outages of a gateway, shorter than a buyer's patience. */
const gatewayRetry = { attemptsMax: 10, delayMs: 500, delayMsMax: 60_000 };
const GATEWAY_TIMEOUT_MS = 10_000;
/** Calls are waited for, not worked at. */
const CALLS_AT_ONCE = 64;

export const purchase = workflow('purchase', {
  startedBy: 'Mutation.placeOrder',
  failsWith: { event: orderCancelled, build: cancelOrder },
  stages: [
    stage('validate', {
      on: orderPlaced,
      emits: [orderValidated, orderRejected],
      retry: once,
      decideBatch: validateOrders,
    }),
    stage('authorize-payment', {
      on: orderValidated,
      emits: [paymentAuthorized, paymentDeclined, paymentActionRequired],
      announces: [paymentCaptureStarted],
      retry: backoff(gatewayRetry),
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: CALLS_AT_ONCE,
      run: authorizePayment,
      compensate: releasePayment,
    }),
    stage('await-action', {
      on: paymentActionRequired,
      emits: [paymentAuthorized, paymentDeclined, orderExpired],
      announces: [paymentCaptureStarted],
      retry: backoff(gatewayRetry),
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: CALLS_AT_ONCE,
      run: awaitAction,
      compensate: releasePayment,
    }),
    stage('capture-payment', {
      on: paymentAuthorized,
      emits: [paymentCaptured],
      announces: [paymentCaptureStarted],
      pivot: true,
      // Never given up: only the gateway can say whether the money moved.
      retry: untilDone({ delayMs: 500, delayMsMax: 60_000 }),
      timeoutMs: GATEWAY_TIMEOUT_MS,
      concurrency: CALLS_AT_ONCE,
      run: capturePayment,
    }),
    stage('fulfil', {
      on: paymentCaptured,
      emits: [orderCompleted],
      retry: untilDone({ delayMs: 1_000, delayMsMax: 60_000 }),
      decideBatch: grantLicences,
      onRetry: showFulfilling,
    }),
  ],
});

async function cancelOrder(tx: Tx, { subject, now }: { subject: string; now: Date }) {
  const orderId = subject.slice('order:'.length);
  const wasRefunded = (await readPaymentStatus(tx, orderId)) === 'REFUNDED';
  const reason = wasRefunded
    ? 'The payment was taken and has been given back in full. Order again to try once more.'
    : 'The payment could not be made. Nothing was charged; order again to try once more.';
  await changeOrder(tx, {
    orderId,
    order: { status: 'CANCELLED', reason },
    payment: wasRefunded ? {} : { status: 'VOIDED', actionUrl: null },
    now,
  });
  return orderCancelled.of({ orderId, status: 'CANCELLED', reason });
}
