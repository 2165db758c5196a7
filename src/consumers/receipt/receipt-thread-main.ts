/** The program of the thread that makes receipts (receipt-thread.ts): one after the other, as they are asked for. */
import { constants, getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ReceiptContent } from './receipt-content.ts';
import type { Seller } from './receipt-words.ts';

/** What the thread is asked for. */
export interface ReceiptTask {
  /** Comes back with the answer. */
  readonly id: number;
  readonly content: ReceiptContent;
  readonly seller: Seller;
}

giveWay();
const { makeReceipt } = await import('./receipt-pdf.ts');

let latest: Promise<void> = Promise.resolve();
parentPort?.on('message', (task: ReceiptTask) => {
  latest = latest.then(() => answer(task));
});

async function answer({ id, content, seller }: ReceiptTask): Promise<void> {
  const made = await makeReceipt(content, seller).then(
    (pdf) => ({ id, pdf }),
    (error: unknown) => ({ id, error: error instanceof Error ? error.message : String(error) }),
  );
  parentPort?.postMessage(made, []);
}

/** Nobody waits for a receipt. Linux knows priorities of threads; elsewhere this would be the whole program's. */
function giveWay(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL));
  } catch {
    // The system does not allow it: then it runs as any other.
  }
}
