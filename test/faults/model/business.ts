/**
 * Business: the workflows of the simulated world. `purchase` has the shape of the real one and gives money back by the
 * real code; `receipt` hangs off its end and may be parked; `statistics` reads the stream that starts it as well.
 */
import { z } from 'zod';
import { gatewayKey, voidAuthorization, voidReservation } from '../../../src/consumers/purchase/authorize-payment.ts';
import { finalIfRejected } from '../../../src/consumers/purchase/gateway-errors.ts';
import type { PaymentGateway } from '../../../src/ports/payments/gateway.ts';
import {
  advance,
  backoff,
  declare,
  defineEvent,
  once,
  snooze,
  TerminalError,
  untilDone,
} from '../../../src/streams/index.ts';
import type { Outcome } from '../../../src/streams/workflow.ts';
import type { Chance } from './scheduler.ts';

export const orderSchema = z.object({ order: z.string(), token: z.string() });
type Order = z.infer<typeof orderSchema>;
const subject = (payload: Order) => `order:${payload.order}`;
const event = <const Name extends string>(type: Name, terminal = false) =>
  defineEvent(type, { payload: orderSchema, subject, terminal });

export const placed = event('order.placed');
const validated = event('order.validated');
const rejected = event('order.rejected', true);
const authorized = event('payment.authorized');
const declined = event('payment.declined', true);
const actionRequired = event('payment.action-required');
const expired = event('order.expired', true);
const captured = event('payment.captured');
export const completed = event('order.completed', true);
export const cancelled = event('order.cancelled', true);
const mailed = event('receipt.mailed', true);
const counted = event('sale.counted', true);

export const TOKENS = ['tok_succeeds', 'tok_declined', 'tok_requires_action', 'tok_capture_refused'] as const;
const ACTION_TIME_MS_MAX = 60_000;
export const AMOUNT = { amountMinor: 999, currency: 'EUR' };

/** What a handler of the simulated world is given. */
export interface Handling {
  readonly payload: Order;
  readonly gateway: PaymentGateway;
  readonly chance: Chance;
  readonly waitedMs: number;
  readonly signal: AbortSignal;
}

export type Handler = (handling: Handling) => Promise<Outcome>;

const paymentOf = ({ payload }: Handling) => ({
  id: payload.order,
  idempotencyKey: `order:${payload.order}`,
  paymentToken: payload.token,
  ...AMOUNT,
});

const sometimesFails = (chance: Chance, oneIn: number): void => {
  if (!chance.calm && chance.number % oneIn === 0) throw new Error('out of luck');
};

/** By the stage's name. Pure SQL stages decide without a point; the others call the bank. */
export const handlers: Record<string, Handler> = {
  'purchase.validate': async ({ payload, chance }) => {
    sometimesFails(chance, 12);
    return advance(!chance.calm && chance.number % 11 === 0 ? rejected.of(payload) : validated.of(payload));
  },
  'purchase.authorize-payment': async (handling) => {
    const { payload, gateway } = handling;
    const { id: reference, ...payment } = paymentOf(handling);
    const answer = await gateway
      .authorize({ ...payment, reference, idempotencyKey: gatewayKey(payment, 'authorize') })
      .catch(finalIfRejected);
    if (answer.kind === 'AUTHORIZED') return advance(authorized.of(payload));
    return advance(answer.kind === 'DECLINED' ? declined.of(payload) : actionRequired.of(payload));
  },
  'purchase.await-action': async (handling) => {
    const { payload, gateway, waitedMs, signal } = handling;
    const payment = paymentOf(handling);
    const state = await gateway.lookup({ idempotencyKey: gatewayKey(payment, 'authorize') });
    if (state.kind === 'AUTHORIZED') return advance(authorized.of(payload));
    if (state.kind === 'DECLINED') return advance(declined.of(payload));
    if (state.kind === 'EXPIRED' || state.kind === 'VOIDED') return advance(expired.of(payload));
    if (state.kind !== 'REQUIRES_ACTION') throw new Error(`the gateway says ${state.kind}`);
    if (waitedMs < ACTION_TIME_MS_MAX) return snooze(20_000);
    await voidReservation(gateway, payment, state.authorizationRef, signal);
    return advance(expired.of(payload));
  },
  'purchase.capture-payment': async (handling) => {
    const { payload, gateway } = handling;
    const payment = paymentOf(handling);
    const state = await gateway.lookup({ idempotencyKey: gatewayKey(payment, 'authorize') });
    if (!('authorizationRef' in state)) throw new TerminalError('no authorization to capture');
    const answer = await gateway
      .capture({
        ...AMOUNT,
        idempotencyKey: gatewayKey(payment, 'capture'),
        authorizationRef: state.authorizationRef,
      })
      .catch(finalIfRejected);
    if (answer.kind === 'REFUSED') throw new TerminalError(answer.message);
    return advance(captured.of(payload));
  },
  'purchase.fulfil': async ({ payload, chance }) => {
    sometimesFails(chance, 5);
    return advance(completed.of(payload));
  },
  'receipt.mail': async ({ payload, chance }) => {
    sometimesFails(chance, 2);
    return advance(mailed.of(payload));
  },
  'statistics.count': async ({ payload, chance }) => {
    sometimesFails(chance, 7);
    return advance(counted.of(payload));
  },
};

/** Compensations: the real one. */
export const release = (handling: Handling): Promise<void> =>
  voidAuthorization(handling.gateway, paymentOf(handling), handling.signal).then(() => {});

const { stage, workflow } = declare<null>();
const elsewhere = (): never => {
  throw new Error('handlers of the simulated world are in `handlers`');
};
const run = async () => elsewhere();
const runBatch = async () => elsewhere();
const gatewayRetry = backoff({ attemptsMax: 3, delayMs: 500, delayMsMax: 4_000 });

export const workflows = [
  workflow('purchase', {
    startedBy: 'the world',
    failsWith: { event: cancelled, build: async () => elsewhere() },
    stages: [
      stage('validate', { on: placed, emits: [validated, rejected], retry: once, runBatch }),
      stage('authorize-payment', {
        on: validated,
        emits: [authorized, declined, actionRequired],
        retry: gatewayRetry,
        run,
        compensate: run,
      }),
      stage('await-action', {
        on: actionRequired,
        emits: [authorized, declined, expired],
        retry: gatewayRetry,
        run,
        compensate: run,
      }),
      stage('capture-payment', {
        on: authorized,
        emits: [captured],
        pivot: true,
        retry: untilDone({ delayMs: 500, delayMsMax: 8_000 }),
        run,
      }),
      stage('fulfil', {
        on: captured,
        emits: [completed],
        retry: untilDone({ delayMs: 1_000, delayMsMax: 8_000 }),
        runBatch,
      }),
    ],
  }),
  workflow('receipt', {
    startedBy: completed.type,
    stages: [
      stage('mail', {
        on: completed,
        emits: [mailed],
        retry: backoff({ attemptsMax: 2, delayMs: 500, delayMsMax: 500 }),
        run,
      }),
    ],
  }),
  workflow('statistics', {
    startedBy: placed.type,
    stages: [stage('count', { on: placed, emits: [counted], retry: once, runBatch })],
  }),
];
