/**
 * Workflow `payee`: makes an author known to the payment provider, and waits until it is ready to pay.
 *
 * Promise: opened once, under the key that was stored with the payee, however often anything dies. While the author has
 * not answered the provider it is asked ever more seldom, for 30 days; then, or when the author asks again, the round ends.
 */
import { z } from 'zod';
import type { Tx } from '../../db/client.ts';
import { changePayee, type KnownPayee, readPayee } from '../../db/payees.ts';
import { payeeLeft, payeeOpened, payeeReady, payeeRefused, payeeRequested } from '../../events/index.ts';
import { GatewayRejectedRequestError } from '../../ports/payments/gateway.ts';
import { advance, snooze, type StageContext, type StageInput, TerminalError, untilDone } from '../../streams/index.ts';
import { finalIfRejected } from '../purchase/gateway-errors.ts';
import { readStartEvent } from '../start-event.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

type Input = StageInput<z.infer<typeof payeeRequested.schema>>;
type Context = StageContext<ConsumerServices>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LEFT_AFTER_MS = 30 * 24 * HOUR_MS;
const GATEWAY_TIMEOUT_MS = 10_000;
const REFUSED = 'The payment provider does not take on authors from there. Ask the shop.';
const untilAnswered = untilDone({ delayMs: 500, delayMsMax: MINUTE_MS });

export const payee = workflow('payee', {
  startedBy: 'Mutation.openPayee',
  failsWith: { event: payeeRefused, build: giveUp },
  stages: [
    stage('open', {
      on: payeeRequested,
      emits: [payeeOpened, payeeRefused, payeeLeft],
      retry: untilAnswered,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      run: open,
    }),
    stage('await-ready', {
      on: payeeOpened,
      emits: [payeeReady, payeeLeft],
      retry: untilAnswered,
      timeoutMs: GATEWAY_TIMEOUT_MS,
      run: awaitReady,
    }),
  ],
});

async function open({ payload: { payeeId, round } }: Input, context: Context) {
  const { gateway, db } = context.services;
  const known = await readOne(db, payeeId);
  if (known.round !== round) return left(known, round);
  if (known.gateway !== gateway.name) throw new TerminalError(`payee ${payeeId} is one of ${known.gateway}`);
  const { idempotencyKey, authorId: reference, email, country, payeeRef } = known;
  const { signal } = context;
  try {
    // A page lives for minutes, so whoever asks again is given a new one.
    const asked =
      payeeRef === null
        ? await gateway.openPayee({ idempotencyKey, reference, email, country, signal })
        : { payeeRef, onboardingUrl: (await gateway.lookupPayee({ payeeRef, signal })).onboardingUrl };
    const change = { status: 'ONBOARDING' as const, ...asked, failure: null };
    return advance(payeeOpened.of({ payeeId, round, status: 'ONBOARDING' }), (tx) =>
      changePayee(tx, known, change, context.clock.now()),
    );
  } catch (error) {
    if (!(error instanceof GatewayRejectedRequestError)) throw error;
    return advance(payeeRefused.of({ payeeId, round, status: 'REFUSED', reason: REFUSED }), (tx) =>
      refuse(tx, known, context.clock.now()),
    );
  }
}

async function awaitReady({ payload: { payeeId, round } }: Input, { services, signal, clock }: Context) {
  const known = await readOne(services.db, payeeId);
  const ageMs = clock.now().getTime() - known.updatedAt.getTime();
  if (known.round !== round || ageMs > LEFT_AFTER_MS) return left(known, round);
  const { payeeRef } = known;
  if (payeeRef === null) throw new TerminalError(`payee ${payeeId} has no name at the provider`);
  const { isReady } = await services.gateway.lookupPayee({ payeeRef, signal }).catch(finalIfRejected);
  if (!isReady) return snooze(patienceMs(ageMs));
  return advance(payeeReady.of({ payeeId, round, status: 'READY' }), (tx) =>
    changePayee(tx, known, { status: 'READY', payeeRef, onboardingUrl: null, failure: null }, clock.now()),
  );
}

/** Whoever answers does it now or in days; asking again by `openPayee` looks at once. */
const patienceMs = (ageMs: number): number => {
  if (ageMs < MINUTE_MS) return 3_000;
  if (ageMs < HOUR_MS) return MINUTE_MS / 2;
  return ageMs < 24 * HOUR_MS ? 10 * MINUTE_MS : 6 * HOUR_MS;
};

const left = ({ id: payeeId, status }: KnownPayee, round: number) => advance(payeeLeft.of({ payeeId, round, status }));

const refuse = (tx: Tx, known: KnownPayee, now: Date) =>
  changePayee(tx, known, { status: 'REFUSED', payeeRef: null, onboardingUrl: null, failure: REFUSED }, now);

async function giveUp(tx: Tx, { subject, runId, now }: { subject: string; runId: string; now: Date }) {
  const payeeId = subject.slice('payee:'.length);
  const { round } = await readStartEvent(tx, runId, payeeRequested);
  const known = await readOne(tx, payeeId);
  if (known.round === round) await refuse(tx, known, now);
  return payeeRefused.of({ payeeId, round, status: 'REFUSED', reason: REFUSED });
}

async function readOne(db: Parameters<typeof readPayee>[0], payeeId: string): Promise<KnownPayee> {
  const known = await readPayee(db, payeeId);
  if (!known) throw new TerminalError(`there is no payee ${payeeId}`);
  return known;
}
