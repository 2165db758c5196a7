/**
 * Wake: tells the relay that something was committed, without a NOTIFY in each transaction (which halves the rate).
 *
 * In one process a call wakes the relay at once; across processes at most one NOTIFY in 10 ms is sent. Losing one costs
 * nothing but time: the relay also looks by itself every 250 ms.
 */
import type { Sql } from '../db/client.ts';

export const WAKE_CHANNEL = 'booky_outbox';
const NOTIFY_EVERY_MS = 10;

/** A function that sends at most one NOTIFY in 10 ms: the first call at once, the last one never dropped. */
export function createNotifier(sql: Sql): () => void {
  let isPlanned = false;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  const send = () => {
    isPlanned = false;
    sentAtMs = performance.now();
    sql.notify(WAKE_CHANNEL, '').catch(() => {
      // The relay's own look every 250 ms finds the events all the same.
    });
  };
  return () => {
    if (isPlanned) return;
    const waitMs = sentAtMs + NOTIFY_EVERY_MS - performance.now();
    if (waitMs <= 0) {
      send();
      return;
    }
    isPlanned = true;
    setTimeout(send, waitMs).unref();
  };
}

/** A bell that a loop waits on: rings are remembered until it does. */
export class Bell {
  #rung = Promise.withResolvers<void>();
  #soon: NodeJS.Timeout | undefined;

  ring(): void {
    this.#rung.resolve();
  }

  /** Rings after `delayMs`, unless it has rung and was heard before that. */
  ringWithin(delayMs: number): void {
    this.#soon ??= setTimeout(() => this.ring(), delayMs);
  }

  /** Waits for a ring, `timeoutMs` at most. */
  async wait(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#rung.promise, timeout]);
    clearTimeout(timer);
    // Whoever hears it looks at everything that has happened until now.
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#rung = Promise.withResolvers();
  }
}
