/**
 * Workflow `payout-round`: what authors have earned is paid out, by schedule.
 *
 * Promise: every author with a ready payee is looked at once in a slot, a hundred in a commit; each of their currencies
 * that has reached its threshold is paid. A hundred more are an event and a run of their own.
 */
import { beginPayouts } from '../../db/payouts.ts';
import type { Tx } from '../../db/client.ts';
import { payoutRequested, payoutsBegun, payoutsDue } from '../../events/index.ts';
import { advance, appendEvents, backoff, type StageContext, type StageInput } from '../../streams/index.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

const PAYEES_MAX = 100;

export const payoutRound = workflow('payout-round', {
  startedBy: 'cron',
  stages: [
    stage('begin', {
      on: payoutsDue,
      emits: [payoutsBegun],
      retry: backoff({ attemptsMax: 10, delayMs: 1_000, delayMsMax: 60_000 }),
      runBatch: async (tx, inputs, context) => {
        const begun = [];
        for (const input of inputs) begun.push(await begin(tx, input, context));
        return begun;
      },
    }),
  ],
});

type Input = StageInput<{ slot: string; after: string | null }>;
type Context = Pick<StageContext<ConsumerServices>, 'services' | 'clock'>;

async function begin(tx: Tx, { payload: { slot, after } }: Input, { services, clock }: Context) {
  const now = clock.now();
  const { gateway, payouts: terms, shards } = services;
  const page = { after, limit: PAYEES_MAX, gateway: gateway.name };
  const { payoutIds, last } = await beginPayouts(tx, page, { ...terms, now });
  const events = [
    ...payoutIds.map((payoutId) => payoutRequested.of({ payoutId, status: 'REQUESTED' })),
    ...(last === null ? [] : [payoutsDue.of({ slot, after: last })]),
  ];
  if (events.length > 0) await appendEvents(tx, events, { now, shards });
  return advance(payoutsBegun.of({ slot, after, count: payoutIds.length }));
}
