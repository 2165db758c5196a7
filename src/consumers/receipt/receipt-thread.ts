/**
 * Receipts as PDF, made in a thread of their own, so that no purchase waits for one: a millisecond each where they are made
 * together, three in between other work, which no longer finds what it needs in the processor's caches.
 *
 * Promise: each receipt is made or refused; a thread that has ended, or is stuck, is replaced for the next.
 * Why a thread and not a process: what goes in is plain text of bounded length.
 */
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import type { ReceiptContent } from './receipt-content.ts';
import type { ReceiptTask } from './receipt-thread-main.ts';
import type { Seller } from './receipt-words.ts';
import { spreadOver } from './spread.ts';

/** Milliseconds over which the receipts in hand are spread: as long as their stage gathers them. */
export const SPREAD_MS = 250;
/** A thread that has answered nothing for so long while somebody waited is stuck. */
const STUCK_MS = 10_000;

const answerSchema = z.union([
  z.object({ id: z.int(), pdf: z.instanceof(Uint8Array) }),
  z.object({ id: z.int(), error: z.string() }),
]);

const handOver = spreadOver(SPREAD_MS);
let current: ReceiptThread | undefined;

/**
 * @param signal when it ends, this receipt is not waited for any longer
 * @returns the bytes of the PDF, when it was this one's turn: the sooner, the more are in hand
 */
export function receiptPdf(content: ReceiptContent, seller: Seller, signal?: AbortSignal): Promise<Uint8Array> {
  if (!current || current.hasEnded) current = new ReceiptThread();
  return handOver(current.make(content, seller, signal));
}

class ReceiptThread {
  hasEnded = false;
  // Without limits of its own: what goes in is bounded, and with them V8 clears the thread's small heap again and again.
  readonly #worker = new Worker(new URL('receipt-thread-main.ts', import.meta.url), { name: 'receipts' });
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array>>();
  #asked = 0;
  #answeredAtMs = 0;

  constructor() {
    // Nothing to do, it keeps no program from ending.
    this.#worker.unref();
    this.#worker.on('message', (raw: unknown) => this.#take(answerSchema.parse(raw)));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(new Error('the thread that makes receipts has ended')));
  }

  async make(content: ReceiptContent, seller: Seller, signal?: AbortSignal): Promise<Uint8Array> {
    signal?.throwIfAborted();
    const id = (this.#asked += 1);
    const made = Promise.withResolvers<Uint8Array>();
    const askedAtMs = performance.now();
    const giveUp = () => {
      made.reject(new Error('the receipt was not made in time'));
      if (performance.now() - Math.max(askedAtMs, this.#answeredAtMs) > STUCK_MS) void this.#worker.terminate();
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#waiting.set(id, made);
    try {
      this.#worker.ref();
      this.#worker.postMessage({ id, content, seller } satisfies ReceiptTask, []);
      return await made.promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) this.#worker.unref();
    }
  }

  #take(answer: z.infer<typeof answerSchema>): void {
    this.#answeredAtMs = performance.now();
    const made = this.#waiting.get(answer.id);
    if ('pdf' in answer) made?.resolve(answer.pdf);
    else made?.reject(new Error(`The receipt could not be made: ${answer.error}`));
  }

  #end(error: Error): void {
    this.hasEnded = true;
    for (const made of this.#waiting.values()) made.reject(error);
  }
}
