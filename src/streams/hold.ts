/** Holding back: waiting for the process that carries an entry on itself, while it lives and for a limited time. */
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 500;

export interface Holding {
  isAlive(): Promise<boolean>;
  /** Has the carrier dealt with all of it? */
  isFinished(): Promise<boolean>;
  timeoutMs: number;
  stopping: AbortSignal;
}

/** @returns ABANDONED when somebody else must do it; STOPPED when this process has no more time for it */
export async function holdBack(holding: Holding): Promise<'FINISHED' | 'ABANDONED' | 'STOPPED'> {
  const untilMs = Date.now() + holding.timeoutMs;
  while (!holding.stopping.aborted) {
    // Redis that does not answer says nothing of the carrier; the limit of time stands.
    const alive = await holding.isAlive().catch(() => true);
    if (await holding.isFinished()) return 'FINISHED';
    if (!alive || Date.now() >= untilMs) return 'ABANDONED';
    await delay(LOOK_EVERY_MS, undefined, { signal: holding.stopping }).catch(() => {});
  }
  return 'STOPPED';
}
