/** Waiting for something that can be seen, never for a time to pass. */
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 50;

export class WaitedTooLongError extends Error {
  override readonly name = 'WaitedTooLongError';
  readonly code = 'WAITED_TOO_LONG';
}

/**
 * Looks every 50 ms until `condition` answers something other than false, null or undefined.
 * @throws WaitedTooLongError after `timeoutMs`
 */
export async function waitFor<Seen>(
  what: string,
  timeoutMs: number,
  condition: () => Promise<Seen | false | null | undefined>,
): Promise<Seen> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const seen = await condition();
    if (seen !== false && seen !== null && seen !== undefined) return seen;
    if (performance.now() > until) throw new WaitedTooLongError(`${what} did not happen within ${timeoutMs} ms`);
    await delay(LOOK_EVERY_MS);
  }
}

export const pause = (ms: number): Promise<void> => delay(ms);
