/**
 * Spares a failing server, and us the wait: after `failuresMax` failures in a row it lets nothing through for `openMs`,
 * then one call; that one's success closes it, its failure opens it again.
 * Own code, because three states and a clock that tests move by hand are all it takes.
 */
export interface CircuitBreaker {
  /** @returns ms until a call may be tried; 0 for now. */
  restMs(): number;
  /** Call only when restMs() is 0. `isFailure` says which errors speak against the server. */
  run<T>(work: () => Promise<T>, isFailure: (error: unknown) => boolean): Promise<T>;
}

export function createCircuitBreaker(options: {
  readonly failuresMax: number;
  readonly openMs: number;
  readonly now: () => number;
}): CircuitBreaker {
  const { failuresMax, openMs, now } = options;
  let failures = 0;
  let opensAgainAt = 0;
  let probing = false;

  return {
    restMs() {
      if (failures < failuresMax) return 0;
      if (probing) return openMs;
      return Math.max(0, opensAgainAt - now());
    },
    async run(work, isFailure) {
      const isProbe = failures >= failuresMax;
      if (isProbe) probing = true;
      try {
        const result = await work();
        failures = 0;
        return result;
      } catch (error) {
        if (isFailure(error)) {
          failures += 1;
          opensAgainAt = now() + openMs;
        } else failures = 0;
        throw error;
      } finally {
        if (isProbe) probing = false;
      }
    },
  };
}
