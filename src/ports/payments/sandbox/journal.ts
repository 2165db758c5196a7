/**
 * The sandbox gateway's journal: one JSON line an entry, appended and synced to disk before the answer leaves.
 *
 * Promise: what was answered is in the file, through kill -9 and restart. Entries of requests that arrive together share
 * one write and one sync. A line cut short by a kill was never answered: it is dropped at the next opening.
 * Not here: what entries mean (books.ts).
 */
import { constants } from 'node:fs';
import { mkdir, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { faultScriptSchema } from './wire.ts';

const at = z.iso.datetime();
const asked = { at, idempotencyKey: z.string(), fingerprint: z.string() };
const money = { amountMinor: z.int(), currency: z.string() };

const journalEntrySchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('authorization'),
    ...asked,
    ...money,
    authorizationRef: z.string(),
    outcome: z.enum(['AUTHORIZED', 'DECLINED', 'REQUIRES_ACTION']),
    reasonCode: z.string().optional(),
    message: z.string().optional(),
    paymentToken: z.string(),
    reference: z.string(),
  }),
  z.object({ type: z.literal('decision'), at, authorizationRef: z.string(), approved: z.boolean() }),
  z.object({ type: z.literal('capture'), ...asked, ...money, captureRef: z.string(), authorizationRef: z.string() }),
  z.object({ type: z.literal('void'), ...asked, voidRef: z.string(), authorizationRef: z.string() }),
  z.object({
    type: z.literal('refund'),
    ...asked,
    ...money,
    refundRef: z.string(),
    captureRef: z.string(),
    authorizationRef: z.string(),
  }),
  z.object({
    type: z.literal('refusal'),
    ...asked,
    operation: z.enum(['capture', 'void', 'refund']),
    authorizationRef: z.string(),
    reasonCode: z.string(),
    message: z.string(),
  }),
  z.object({ type: z.literal('refund-failure'), at, refundRef: z.string() }),
  z.object({
    type: z.literal('payee'),
    ...asked,
    payeeRef: z.string(),
    reference: z.string(),
    email: z.string(),
    country: z.string(),
  }),
  z.object({ type: z.literal('payee-completion'), at, payeeRef: z.string() }),
  z.object({
    type: z.literal('payout'),
    ...asked,
    ...money,
    payoutRef: z.string(),
    payeeRef: z.string(),
    reference: z.string(),
    outcome: z.enum(['PAID', 'PROCESSING', 'REFUSED']),
    reasonCode: z.string().optional(),
    message: z.string().optional(),
  }),
  z.object({ type: z.literal('payout-result'), at, payoutRef: z.string(), isPaid: z.boolean() }),
  z.object({
    type: z.literal('dispute'),
    at,
    ...money,
    disputeRef: z.string(),
    captureRef: z.string(),
    feeMinor: z.int(),
  }),
  z.object({ type: z.literal('dispute-result'), at, disputeRef: z.string(), isWon: z.boolean() }),
  /** A fault that was played to the caller of this key; remembered so that "the first attempt only" holds over restarts. */
  z.object({ type: z.literal('fault'), at, idempotencyKey: z.string(), fault: z.string() }),
  z.object({ type: z.literal('script'), at, script: faultScriptSchema.nullable() }),
]);
export type JournalEntry = z.infer<typeof journalEntrySchema>;

export interface Journal {
  /** Queues an entry; it is on disk when the next `flushed()` resolves. */
  append(entry: JournalEntry): void;
  /** Resolves when everything appended so far is on disk. Rejects for ever after a failed write: the books are shut. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

export class SandboxBooksDamagedError extends Error {
  override readonly name = 'SandboxBooksDamagedError';
  readonly code = 'SANDBOX_BOOKS_DAMAGED';
}

/** A write returns when its bytes are on disk: one call in place of two. */
const APPEND_SYNCED = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC;

function journalPath(booksPath: string): string {
  return join(booksPath, 'journal.jsonl');
}

/** @returns the whole entries, and the length of the file up to the last whole line */
export async function readJournal(booksPath: string): Promise<{ entries: JournalEntry[]; sizeBytes: number }> {
  let bytes: Buffer;
  try {
    bytes = await readFile(journalPath(booksPath));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { entries: [], sizeBytes: 0 };
    throw error;
  }
  const sizeBytes = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.toString('utf8', 0, sizeBytes).split('\n').slice(0, -1);
  return { entries: lines.map((line, index) => parseEntry(line, index + 1, booksPath)), sizeBytes };
}

function parseEntry(line: string, lineNumber: number, booksPath: string): JournalEntry {
  try {
    return journalEntrySchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new SandboxBooksDamagedError(
      `Line ${lineNumber} of ${journalPath(booksPath)} is not an entry of the sandbox gateway. ` +
        'Mend the line, or delete the folder to start with empty books.',
      { cause },
    );
  }
}

/** Opens the journal to append, after cutting off a line that a kill left unfinished. */
export async function openJournal(booksPath: string): Promise<{ journal: Journal; entries: JournalEntry[] }> {
  await mkdir(booksPath, { recursive: true });
  const { entries, sizeBytes } = await readJournal(booksPath);
  const file = await open(journalPath(booksPath), APPEND_SYNCED);
  if ((await file.stat()).size > sizeBytes) await truncate(journalPath(booksPath), sizeBytes);

  let waiting: string[] = [];
  let flushing: Promise<void> = Promise.resolve();
  async function writeWaiting(): Promise<void> {
    if (waiting.length === 0) return;
    const lines = waiting.join('');
    waiting = [];
    await file.appendFile(lines);
  }
  return {
    entries,
    journal: {
      append(entry) {
        waiting.push(`${JSON.stringify(entry)}\n`);
      },
      flushed() {
        flushing = flushing.then(writeWaiting);
        return flushing;
      },
      async close() {
        try {
          await this.flushed();
        } finally {
          await file.close();
        }
      },
    },
  };
}
