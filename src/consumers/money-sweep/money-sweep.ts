/**
 * Workflow `money-sweep`: wakes what has stood still for too long, so that the provider is asked about it now.
 *
 * Promise: nothing is decided here. The runs themselves ask again under their own keys: a capture whose answer never came
 * is repeated and answered as the first time, an approval that nobody gave is given up, a refund is looked up. How many
 * stood still is told by the health check `stuck-money`.
 */
import { countStuck, findStuckMoney, type StuckKind } from '../../db/stuck-money.ts';
import type { Tx } from '../../db/client.ts';
import { moneySweepDue, moneySwept } from '../../events/index.ts';
import { advance, backoff, hurryRuns, type StageInput } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';

export const moneySweep = workflow('money-sweep', {
  startedBy: 'cron',
  stages: [
    stage('wake', {
      on: moneySweepDue,
      emits: [moneySwept],
      retry: backoff({ attemptsMax: 3, delayMs: 1_000, delayMsMax: 10_000 }),
      runBatch: wake,
    }),
  ],
});

async function wake(tx: Tx, inputs: readonly StageInput<{ slot: string }>[], { clock }: { clock: { now(): Date } }) {
  const now = clock.now();
  const found = await findStuckMoney(tx, now);
  for (const workflow of ['purchase', 'refund', 'payout'] as const) {
    const subjects = found.filter(({ kind }) => workflowOf(kind) === workflow).map(({ subject }) => subject);
    await hurryRuns(tx, { workflow, subjects, now });
  }
  const { PAYMENT: payments, ACTION: actions, CAPTURE: captures, REFUND: refunds, PAYOUT: payouts } = countStuck(found);
  return inputs.map(({ payload: { slot } }) =>
    advance(moneySwept.of({ slot, payments, actions, captures, refunds, payouts })),
  );
}

function workflowOf(kind: StuckKind): 'purchase' | 'refund' | 'payout' {
  if (kind === 'REFUND') return 'refund';
  return kind === 'PAYOUT' ? 'payout' : 'purchase';
}
