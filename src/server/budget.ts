/** What one caller may spend in a minute, counted in this process; the oldest callers are forgotten beyond 10,000. */
const WINDOW_MS = 60_000;
const CALLERS_MAX = 10_000;

export interface Budget {
  /** @returns 0 when it is within the budget, else how long to wait, in ms */
  spend(caller: string, cost: number): number;
}

export function createBudget(costMax: number, clock: { now(): Date }): Budget {
  const windows = new Map<string, { spent: number; endsAtMs: number }>();
  return {
    spend(caller, cost) {
      const nowMs = clock.now().getTime();
      const known = windows.get(caller);
      const window = known && known.endsAtMs > nowMs ? known : { spent: 0, endsAtMs: nowMs + WINDOW_MS };
      windows.delete(caller);
      windows.set(caller, window);
      const [oldest] = windows.keys();
      if (windows.size > CALLERS_MAX && oldest !== undefined) windows.delete(oldest);
      if (window.spent + cost > costMax) return window.endsAtMs - nowMs;
      window.spent += cost;
      return 0;
    },
  };
}
