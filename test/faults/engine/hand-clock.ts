/** A clock that a row moves by hand, and the work that is due by it. */
import type { Clock } from '../../../src/streams/clock.ts';
import type { Stack } from '../harness/stack.ts';
import type { LocalEngine } from './local-shop.ts';

export class HandClock implements Clock {
  #nowMs = Date.now();
  now = (): Date => new Date(this.#nowMs);
  advance(ms: number): void {
    this.#nowMs += ms;
  }
}

/** Works until nothing waits any more, moving time on from timer to timer, `untilMs` at most. */
export async function runToRest(stack: Stack, engine: LocalEngine, clock: HandClock, untilMs: number): Promise<void> {
  const end = clock.now().getTime() + untilMs;
  for (;;) {
    await engine.runUntilIdle();
    const [next] = await stack.database.sql<{ due: string | null }[]>`select min(due_at) as due from timer`;
    const dueMs = next?.due ? new Date(next.due).getTime() : Number.POSITIVE_INFINITY;
    if (dueMs > end) return;
    clock.advance(Math.max(1, dueMs - clock.now().getTime()));
  }
}
