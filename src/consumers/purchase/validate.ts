/** Stage `purchase.validate`: is everything that was ordered still for sale, and not the buyer's already? */
import { orderRejected, orderValidated } from '../../events/index.ts';
import { advance, handOn, type Reads, type StageInput, TerminalError, together } from '../../streams/index.ts';
import { type OrderedLine, OrderInHand, readOrderedLines } from './order-reads.ts';
import { changedOrders } from './order-writes.ts';

type Input = StageInput<{ orderId: string; status: string }>;

/**
 * Judges all orders in one statement; the refused ones are cancelled with the events that say so, the others are handed on.
 * @throws TerminalError when there is no such order: no retry will make one
 */
export async function validateOrders(db: Reads, inputs: readonly Input[], { clock }: { clock: { now(): Date } }) {
  const ordered = await readOrderedLines(
    db,
    inputs.map(({ payload: { orderId } }) => orderId),
  );
  const now = clock.now();
  return inputs.map(({ payload: { orderId } }) => {
    const lines = ordered.get(orderId) ?? [];
    const [line] = lines;
    if (!line) throw new TerminalError(`there is no order ${orderId}`);
    const reason = lines.map(faultOf).find((fault) => fault !== null);
    if (reason !== undefined) {
      const refused = { orderId, order: { status: 'CANCELLED' as const, reason }, now };
      return advance(orderRejected.of({ orderId, status: 'CANCELLED', reason }), together(changedOrders, refused));
    }
    const sales = lines.map(({ sale }) => sale);
    return handOn(
      advance(orderValidated.of({ orderId, status: 'PENDING_PAYMENT' })),
      new OrderInHand(line.order, sales),
    );
  });
}

function faultOf({ saleStatus, rightId }: OrderedLine): string | null {
  if (saleStatus !== 'PUBLISHED') return 'The book is no longer for sale.';
  return rightId === null ? null : 'The book is in the library already.';
}
