/** Row 17: a handler takes longer than the time after which others take its work over, so that two are at it at once. */
import type { PaymentProvider } from '../../../src/ports/payments/provider.ts';
import { HandClock, runToRest } from '../engine/hand-clock.ts';
import { openLocalEngine } from '../engine/local-shop.ts';
import { auditPurchases } from '../harness/invariants.ts';
import { placePurchases, planPurchases } from '../harness/load.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { KEY_PREFIX, openStack } from '../harness/stack.ts';
import { auditStreams } from '../harness/stream-check.ts';
import { waitFor } from '../harness/wait.ts';

const HOUR_MS = 3_600_000;
/** Less than the time limit of a stage. */
const HELD_TIMEOUT_MS = 8_000;

type Held = 'authorize' | 'capture';

/** Holds the calls of one kind until `open`, and counts those that were under way with the same key at once. */
class Gate {
  readonly #inside = new Map<string, number>();
  #opened = Promise.withResolvers<void>();
  #held: Held | null = null;
  overlaps = 0;
  inside = 0;

  close(held: Held): void {
    this.#held = held;
    this.#opened = Promise.withResolvers();
  }

  open(): void {
    this.#held = null;
    this.#opened.resolve();
  }

  async #hold<Result>(held: Held, key: string, call: () => Promise<Result>): Promise<Result> {
    if (this.#held !== held) return call();
    const others = this.#inside.get(key) ?? 0;
    this.#inside.set(key, others + 1);
    this.inside += 1;
    if (others === 1) this.overlaps += 1;
    try {
      await this.#opened.promise;
      return await call();
    } finally {
      this.inside -= 1;
      this.#inside.set(key, (this.#inside.get(key) ?? 1) - 1);
    }
  }

  watch(gateway: PaymentProvider): PaymentProvider {
    return {
      ...gateway,
      authorize: (request) => this.#hold('authorize', request.idempotencyKey, () => gateway.authorize(request)),
      capture: (request) => this.#hold('capture', request.idempotencyKey, () => gateway.capture(request)),
    };
  }
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random } = context;
  const purchases = isShort ? 8 : 12;
  const rounds = isShort ? 2 : 30;
  const stack = await openStack(context, { purchases: purchases * rounds });
  const clock = new HandClock();
  const gate = new Gate();
  const watch = (gateway: PaymentProvider) => gate.watch(gateway);
  const [slow, quick] = await Promise.all(
    ['slow', 'quick'].map(async () => context.keep(await openLocalEngine(stack, { clock, gateway: watch }))),
  );
  if (!slow || !quick) throw new Error('two engines were asked for');
  const plan = planPurchases(stack.market, purchases * rounds, random, 0);
  for (let round = 0; round < rounds; round++) {
    await placePurchases(stack.database, plan.slice(round * purchases, (round + 1) * purchases));
    gate.close(round % 2 === 0 ? 'authorize' : 'capture');
    const working = slow.runUntilIdle();
    await waitFor('the slow worker in every call', HELD_TIMEOUT_MS, async () => gate.inside >= purchases);
    const takingOver = quick.takeOver();
    await waitFor('both workers in every call', HELD_TIMEOUT_MS, async () => gate.inside >= 2 * purchases);
    gate.open();
    await Promise.all([working, takingOver]);
    await runToRest(stack, quick, clock, HOUR_MS);
  }
  const audit = await auditPurchases(stack.database.sql, stack.booksPath, plan);
  const streams = await auditStreams(stack.redisClient, stack.database.sql, KEY_PREFIX);
  return {
    injected: `${gate.overlaps} calls to the gateway that two workers made at once`,
    figures: { overlaps: gate.overlaps, ...audit.figures },
    violations: [
      ...(gate.overlaps >= rounds * purchases ? [] : [`only ${gate.overlaps} calls overlapped`]),
      ...audit.violations,
      ...streams.violations,
    ],
  };
}

const row: FaultRow = {
  row: 17,
  title: 'A handler takes longer than the reclaim time',
  promise: [2, 5, 6],
  loadFull: '360 purchases in 30 rounds, each authorization or capture worked on by two workers at once',
  loadShort: '16 purchases in 2 rounds',
  invariant: 'two are at it at once, the effect happens once',
  run,
};
export default row;
