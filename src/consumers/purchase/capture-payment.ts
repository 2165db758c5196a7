/**
 * Stage `purchase.capture-payment`, the pivot: takes the money.
 *
 * CAPTURING was stored with the authorization, before the call, so that a capture whose answer never came is shown as what
 * it is. It is repeated under the same key until the gateway says what happened; nothing is guessed. The ledger is posted
 * with PAID.
 */
import { type Sale, saleEntries } from '../../db/ledger.ts';
import { paymentCaptured, paymentCaptureStarted } from '../../events/index.ts';
import { advance, snooze, type StageContext, type StageInput, TerminalError, together } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';
import { gatewayKey } from './authorize-payment.ts';
import { finalIfRejected } from './gateway-errors.ts';
import { inHand, type PurchaseOrder, readSoldOrder } from './order-reads.ts';
import { changedOrders } from './order-writes.ts';

type Context = StageContext<ConsumerServices, 'payment.capture-started'>;

export async function capturePayment(input: StageInput<{ orderId: string }>, context: Context) {
  const { orderId } = input.payload;
  // Read together: nothing is to be waited for between the provider's answer and its booking.
  const { order, sales } = inHand(input) ?? (await readSoldOrder(context.services.db, orderId));
  if (order.amountMinor === 0) return paid(order, sales, null, context);
  if (order.status !== 'CAPTURING' && !(await announceCapture(order, context))) return snooze(0);
  if (!order.authorizationRef) throw new TerminalError(`order ${orderId} has no authorization to capture`);
  const answer = await context.services.gateway
    .capture({
      idempotencyKey: gatewayKey(order, 'capture'),
      authorizationRef: order.authorizationRef,
      amountMinor: order.amountMinor,
      currency: order.currency,
      signal: context.signal,
    })
    .catch(finalIfRejected);
  if (answer.kind === 'REFUSED') throw new TerminalError(`capture refused: ${answer.reasonCode}, ${answer.message}`);
  return paid(order, sales, answer.captureRef, context);
}

/** For orders that an older release has left AUTHORIZED: the intent is to be committed before the provider is asked. */
const announceCapture = (order: PurchaseOrder, context: Context): Promise<boolean> =>
  context.announce(
    paymentCaptureStarted.of({ orderId: order.id, status: 'CAPTURING' }),
    together(changedOrders, { orderId: order.id, order: { status: 'CAPTURING' }, now: context.clock.now() }),
  );

function paid(order: PurchaseOrder, sales: readonly Sale[], captureRef: string | null, { clock }: Context) {
  const entries = saleEntries(sales, order);
  return advance(
    paymentCaptured.of({ orderId: order.id, status: 'PAID' }),
    together(changedOrders, {
      orderId: order.id,
      order: { status: 'PAID' },
      payment: { status: 'CAPTURED', captureRef },
      postings: entries.length > 0 ? [{ key: `capture:${order.id}`, orderId: order.id, entries }] : [],
      now: clock.now(),
    }),
  );
}
