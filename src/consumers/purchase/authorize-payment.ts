/**
 * Stage `purchase.authorize-payment`: reserves the money. Stage `purchase.await-action`: waits until the buyer has
 * answered the bank. Undone by voiding the authorization.
 *
 * CAPTURING is stored with AUTHORIZED, so that the intent to take the money is committed before the provider is asked to.
 * A declined card is an event, not an error. A call whose answer never came is repeated under the same key, which was
 * stored with the order.
 */
import { saleEntries } from '../../db/ledger.ts';
import type { PaymentGateway } from '../../ports/payments/gateway.ts';
import {
  orderExpired,
  paymentActionRequired,
  paymentAuthorized,
  paymentCaptureStarted,
  paymentDeclined,
} from '../../events/index.ts';
import {
  advance,
  type Compensation,
  handOn,
  snooze,
  type StageContext,
  type StageInput,
  TerminalError,
  together,
} from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';
import { finalIfRejected } from './gateway-errors.ts';
import { inHand, OrderInHand, type PurchaseOrder, readOrder, readSoldOrder } from './order-reads.ts';
import { changeOrder, changedOrders } from './order-writes.ts';

type Input = StageInput<{ orderId: string }>;
type Context = StageContext<ConsumerServices>;
/** What of an order the gateway is told. */
type PaidOrder = Pick<PurchaseOrder, 'id' | 'amountMinor' | 'currency' | 'paymentToken' | 'idempotencyKey'> &
  Partial<Pick<PurchaseOrder, 'authorizationRef' | 'createdAt'>>;

/** How long a buyer may take to answer the bank. */
export const ACTION_TIME_MS_MAX = 15 * 60_000;
/** A provider's webhook wakes it sooner; without one, the older it is the more seldom it is looked at. */
const ACTION_LOOK_MS = { min: 2_000, max: 30_000, ageRatio: 0.2 };

/** The keys of an order's calls; all begin with the one stored when it was placed. */
export const gatewayKey = (order: { idempotencyKey: string }, verb: 'authorize' | 'capture' | 'void' | 'refund') =>
  `${order.idempotencyKey}:${verb}`;

export async function authorizePayment(input: Input, context: Context) {
  const { orderId } = input.payload;
  const known = inHand(input);
  const order = known?.order ?? (await readOrder(context.services.db, orderId));
  if (order.amountMinor === 0) return authorized(order, null, context);
  const answer = await authorize(context.services.gateway, order, context.signal);
  switch (answer.kind) {
    case 'AUTHORIZED': {
      const { authorizationRef } = answer;
      const outcome = authorized(order, authorizationRef, context);
      if (!known) return outcome;
      return handOn(outcome, new OrderInHand({ ...order, status: 'CAPTURING', authorizationRef }, known.sales));
    }
    case 'DECLINED':
      return declined(order, answer.message, context);
    case 'REQUIRES_ACTION': {
      const { authorizationRef, actionUrl } = answer;
      return advance(
        paymentActionRequired.of({ orderId, status: 'REQUIRES_ACTION', actionUrl }),
        together(changedOrders, {
          orderId,
          order: { status: 'REQUIRES_ACTION' },
          payment: { status: 'REQUIRES_ACTION', authorizationRef, actionUrl },
          now: context.clock.now(),
        }),
      );
    }
  }
}

export async function awaitAction({ payload: { orderId } }: Input, context: Context) {
  const order = await readOrder(context.services.db, orderId);
  const state = await context.services.gateway
    .lookup({ ...paymentOf(order), signal: context.signal })
    .catch(finalIfRejected);
  switch (state.kind) {
    case 'AUTHORIZED':
      return authorized(order, state.authorizationRef, context);
    case 'DECLINED':
      return declined(order, state.message, context);
    case 'EXPIRED':
    case 'VOIDED':
      return expired(order, context);
    case 'REQUIRES_ACTION': {
      const ageMs = context.clock.now().getTime() - order.createdAt.getTime();
      if (ageMs < ACTION_TIME_MS_MAX) return snooze(lookAgainMs(ageMs));
      await voidReservation(context.services.gateway, order, state.authorizationRef, context.signal);
      return expired(order, context);
    }
    case 'CAPTURED':
    case 'NOT_FOUND':
      throw new Error(`the gateway says ${state.kind} of a payment that waits for the buyer`);
  }
}

const lookAgainMs = (ageMs: number): number => {
  const { min, max, ageRatio } = ACTION_LOOK_MS;
  return Math.round(Math.min(max, Math.max(min, ageMs * ageRatio)));
};

/**
 * Compensation: gives the reservation back, or the money itself should a capture have landed after all. Money that went
 * and came back is booked both ways.
 */
export async function releasePayment({ payload: { orderId } }: Input, context: Context): Promise<Compensation> {
  const { order, sales } = await readSoldOrder(context.services.db, orderId);
  if (order.amountMinor === 0) return null;
  const { refundedMinor } = await voidAuthorization(context.services.gateway, order, context.signal);
  if (refundedMinor === 0) return null;
  return async (tx) => {
    const entries = saleEntries(sales, order);
    const back = entries.map((entry) => ({ ...entry, amountMinor: -entry.amountMinor }));
    await changeOrder(tx, {
      orderId,
      order: {},
      payment: { status: 'REFUNDED', actionUrl: null },
      postings: [
        { key: `capture:${orderId}`, orderId, entries },
        { key: `refund:${orderId}`, orderId, entries: back },
      ],
      now: context.clock.now(),
    });
  };
}

const authorize = (gateway: PaymentGateway, order: PaidOrder, signal: AbortSignal) =>
  gateway
    .authorize({
      idempotencyKey: gatewayKey(order, 'authorize'),
      amountMinor: order.amountMinor,
      currency: order.currency,
      paymentToken: order.paymentToken,
      reference: order.id,
      keyStoredAt: order.createdAt,
      signal,
    })
    .catch(finalIfRejected);

/** By its ref, as soon as that is known: a provider may find a payment by its key only after a while. */
const paymentOf = (order: PaidOrder) =>
  order.authorizationRef
    ? { authorizationRef: order.authorizationRef }
    : { idempotencyKey: gatewayKey(order, 'authorize') };

/**
 * Gives back whatever the gateway holds of an order, wherever the payment stands.
 * @returns how much had been taken and was given back, in minor units
 */
export async function voidAuthorization(
  gateway: PaymentGateway,
  order: PaidOrder,
  signal: AbortSignal,
): Promise<{ refundedMinor: number }> {
  const state = await gateway.lookup({ ...paymentOf(order), signal });
  switch (state.kind) {
    case 'NOT_FOUND':
      await landAndVoid(gateway, order, signal);
      return { refundedMinor: 0 };
    case 'AUTHORIZED':
    case 'REQUIRES_ACTION':
      await voidReservation(gateway, order, state.authorizationRef, signal);
      return { refundedMinor: 0 };
    case 'CAPTURED':
      if (state.refundedMinor < state.capturedMinor) await refundAll(gateway, order, state, signal);
      return { refundedMinor: state.capturedMinor };
    case 'DECLINED':
    case 'EXPIRED':
    case 'VOIDED':
      return { refundedMinor: 0 };
  }
}

/** A call still under way may land later: landing it now under its own key is the only way to be able to undo it. */
async function landAndVoid(gateway: PaymentGateway, order: PaidOrder, signal: AbortSignal): Promise<void> {
  try {
    const answer = await authorize(gateway, order, signal);
    if (answer.kind !== 'DECLINED') await voidReservation(gateway, order, answer.authorizationRef, signal);
  } catch (error) {
    // What the gateway will never accept cannot have landed: there is nothing to undo.
    if (!(error instanceof TerminalError)) throw error;
  }
}

async function refundAll(
  gateway: PaymentGateway,
  order: PaidOrder,
  state: { captureRef: string; capturedMinor: number; refundedMinor: number },
  signal: AbortSignal,
): Promise<void> {
  const answer = await gateway.refund({
    idempotencyKey: gatewayKey(order, 'refund'),
    captureRef: state.captureRef,
    amountMinor: state.capturedMinor - state.refundedMinor,
    currency: order.currency,
    signal,
  });
  if (answer.kind === 'REFUSED') throw new Error(`refund refused: ${answer.reasonCode}, ${answer.message}`);
}

/**
 * Gives a reservation back, and nothing but a reservation: money that was captured stays where it is.
 * @throws Error when the gateway refuses, because a late capture came first, say: look again and decide anew
 */
export async function voidReservation(
  gateway: PaymentGateway,
  order: PaidOrder,
  authorizationRef: string,
  signal: AbortSignal,
): Promise<void> {
  const answer = await gateway.void({ idempotencyKey: gatewayKey(order, 'void'), authorizationRef, signal });
  if (answer.kind === 'REFUSED') throw new Error(`void refused: ${answer.reasonCode}, ${answer.message}`);
}

/** @param authorizationRef null when nothing is to be paid, and so nothing to be taken */
function authorized(order: PurchaseOrder, authorizationRef: string | null, { clock }: Context) {
  const orderId = order.id;
  const isFree = authorizationRef === null;
  return advance(
    paymentAuthorized.of({ orderId, status: 'AUTHORIZED' }),
    together(changedOrders, {
      orderId,
      order: { status: isFree ? 'AUTHORIZED' : 'CAPTURING' },
      payment: { status: 'AUTHORIZED', authorizationRef, actionUrl: null },
      now: clock.now(),
    }),
    isFree ? undefined : paymentCaptureStarted.of({ orderId, status: 'CAPTURING' }),
  );
}

function declined(order: PurchaseOrder, reason: string, { clock }: Context) {
  return advance(
    paymentDeclined.of({ orderId: order.id, status: 'DECLINED', reason }),
    together(changedOrders, {
      orderId: order.id,
      order: { status: 'DECLINED', reason },
      payment: { status: 'DECLINED', actionUrl: null },
      now: clock.now(),
    }),
  );
}

function expired(order: PurchaseOrder, { clock }: Context) {
  const reason = 'The bank was not answered in time. Nothing was charged; order again to try once more.';
  return advance(
    orderExpired.of({ orderId: order.id, status: 'EXPIRED', reason }),
    together(changedOrders, {
      orderId: order.id,
      order: { status: 'EXPIRED', reason },
      payment: { status: 'VOIDED', actionUrl: null },
      now: clock.now(),
    }),
  );
}
