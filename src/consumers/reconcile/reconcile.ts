/**
 * Workflow `reconcile`: reads what is new in the provider's books, and compares them with ours.
 *
 * Promise: nothing of the provider's books is read past, however often reading breaks off: how far it came is stored with
 * what was read. What the provider did and did not tell us of, or told in vain, is asked about again by the workflow that
 * knows about it; nothing is booked here but the provider's fees.
 */
import type { Tx } from '../../db/client.ts';
import { readCursor, type ReadMovement, storeMovements } from '../../db/movements.ts';
import { compareBooks, type Unheard } from '../../db/reconciliation.ts';
import {
  booksCompared,
  disputeNoticed,
  movementsRead,
  payoutNoticed,
  reconciliationDue,
  refundNoticed,
} from '../../events/index.ts';
import { advance, appendEvents, backoff, snooze, type StageContext, type StageInput } from '../../streams/index.ts';
import { finalIfRejected } from '../purchase/gateway-errors.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';

type Input = StageInput<{ slot: string }>;

const MINUTE_MS = 60_000;
const PAGE = 100;
/** In one commit. */
const PAGES_MAX = 10;
/** What else there is, is asked about in the next night. */
const ASKED_AGAIN_MAX = 500;

export const reconcile = workflow('reconcile', {
  startedBy: 'cron',
  stages: [
    stage('read', {
      on: reconciliationDue,
      emits: [movementsRead],
      retry: backoff({ attemptsMax: 20, delayMs: 1_000, delayMsMax: 15 * MINUTE_MS }),
      timeoutMs: MINUTE_MS,
      run: readBooks,
    }),
    stage('compare', {
      on: movementsRead,
      emits: [booksCompared],
      retry: backoff({ attemptsMax: 10, delayMs: 1_000, delayMsMax: 15 * MINUTE_MS }),
      runBatch: async (tx, inputs, context) => {
        const compared = [];
        for (const input of inputs) compared.push(await compare(tx, input, context));
        return compared;
      },
    }),
  ],
});

async function readBooks({ payload: { slot } }: Input, { services, clock, signal }: StageContext<ConsumerServices>) {
  const { gateway, db } = services;
  let cursor = await readCursor(db, { gateway: gateway.name, slot });
  const movements: ReadMovement[] = [];
  let hasMore = true;
  for (let pages = 0; hasMore && pages < PAGES_MAX; pages += 1) {
    const page = await gateway.movements({ after: cursor, limit: PAGE, signal }).catch(finalIfRejected);
    movements.push(...page.items);
    // What a provider passes over is no movement, and yet stands before what comes.
    cursor = page.next ?? page.items.at(-1)?.id ?? cursor;
    hasMore = page.next !== null;
  }
  const write = (tx: Tx) => storeMovements(tx, { gateway: gateway.name, slot, cursor }, movements, clock.now());
  return hasMore ? snooze(1, write) : advance(movementsRead.of({ slot }), write);
}

async function compare(
  tx: Tx,
  { payload: { slot } }: Input,
  { services, clock }: Pick<StageContext<ConsumerServices>, 'services' | 'clock'>,
) {
  const now = clock.now();
  const gateway = services.gateway.name;
  const { found, unheard } = await compareBooks(tx, { gateway, slot, now });
  const events = unheard.flatMap((one) => noticeOf(one, { gateway, slot }) ?? []).slice(0, ASKED_AGAIN_MAX);
  if (events.length > 0) await appendEvents(tx, events, { now, shards: services.shards });
  return advance(booksCompared.of({ slot, found }));
}

/** As if the provider had told us now; null for what we do not wait to be told. */
function noticeOf(
  { movementId, kind, ref, referenceId }: Unheard,
  { gateway, slot }: { gateway: string; slot: string },
) {
  const notice = { noticeId: `${slot}:${movementId}`, gateway };
  switch (kind) {
    case 'REFUND_FAILED':
      return refundNoticed.of({ ...notice, ref, orderId: referenceId });
    case 'DISPUTE':
    case 'DISPUTE_REVERSED':
      return disputeNoticed.of({ ...notice, disputeRef: ref, reference: referenceId });
    case 'PAYOUT_FAILED':
      return payoutNoticed.of({ ...notice, payoutRef: ref, reference: referenceId });
    case 'CAPTURE':
    case 'REFUND':
    case 'PAYOUT':
      return null;
  }
}
