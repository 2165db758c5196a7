/**
 * Stage `payout.submit`: tells the provider to pay, under the key that was stored with the payout. Stage `payout.settle`:
 * waits until the provider says that the author has it.
 */
import { unreadyPayee } from '../../db/payees.ts';
import { failPayout, type KnownPayout, readPayout, settlePayout, submitPayout } from '../../db/payouts.ts';
import { payoutFailed, payoutPaid, payoutSubmitted } from '../../events/index.ts';
import { advance, snooze, type StageContext, type StageInput, TerminalError } from '../../streams/index.ts';
import { finalIfRejected } from '../purchase/gateway-errors.ts';
import type { ConsumerServices } from '../services.ts';
import { failureWords, PAYEE_FAULTS } from './failure-words.ts';

type Input = StageInput<{ payoutId: string }>;
type Context = StageContext<ConsumerServices>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export async function submit({ payload: { payoutId } }: Input, context: Context) {
  const { gateway } = context.services;
  const payout = await readOne(context, payoutId);
  const { idempotencyKey, payeeRef, amountMinor, currency } = payout;
  const answer = await gateway
    .pay({ idempotencyKey, payeeRef, amountMinor, currency, reference: payoutId, signal: context.signal })
    .catch(finalIfRejected);
  if (answer.kind === 'REFUSED') return failed(payout, answer.reasonCode, context);
  return advance(payoutSubmitted.of({ payoutId, status: 'PROCESSING' }), (tx) =>
    submitPayout(tx, payout, answer.payoutRef, context.clock.now()),
  );
}

export async function awaitPayment({ payload: { payoutId } }: Input, context: Context) {
  const { services, clock, signal } = context;
  const payout = await readOne(context, payoutId);
  const { idempotencyKey, createdAt } = payout;
  // The money may be on its way: whatever goes wrong with the question, nothing is decided without an answer.
  const state = await services.gateway.lookupPayout({ idempotencyKey, signal });
  switch (state.kind) {
    case 'PAID':
      return advance(payoutPaid.of({ payoutId, status: 'PAID' }), (tx) => settlePayout(tx, payout, clock.now()));
    case 'FAILED':
      return failed(payout, state.reasonCode, context);
    case 'PROCESSING':
    // Providers that search learn of it a while later.
    case 'NOT_FOUND':
      return snooze(patienceMs(clock.now().getTime() - createdAt.getTime()));
  }
}

/** Most are paid at once; those that wait for a bank do so for days, and a webhook tells of it sooner. */
const patienceMs = (ageMs: number): number => {
  if (ageMs < MINUTE_MS) return 2_000;
  return ageMs < HOUR_MS ? MINUTE_MS : HOUR_MS;
};

function failed(payout: KnownPayout, reasonCode: string, { clock }: Context) {
  const reason = failureWords(reasonCode);
  return advance(payoutFailed.of({ payoutId: payout.id, status: 'FAILED', reason }), async (tx) => {
    await failPayout(tx, payout, reason, clock.now());
    if (PAYEE_FAULTS.has(reasonCode)) await unreadyPayee(tx, payout.payeeId, clock.now());
  });
}

async function readOne({ services }: Context, payoutId: string): Promise<KnownPayout> {
  const payout = await readPayout(services.db, { payoutId });
  if (!payout) throw new TerminalError(`there is no payout ${payoutId}`);
  if (payout.gateway !== services.gateway.name) {
    // Nobody else knows what became of it, so it waits.
    throw new Error(`payout ${payoutId} was begun at ${payout.gateway}: set PAYMENT_GATEWAY back until it has ended`);
  }
  return payout;
}
