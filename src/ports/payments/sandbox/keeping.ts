/** The running sandbox gateway: its books, its journal, and the one way to add to both. */
import type { ServerResponse } from 'node:http';
import type { Books } from './books.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { NoticeSender } from './notices.ts';

export interface SandboxGatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Gateway {
  readonly books: Books;
  readonly journal: Journal;
  readonly log: SandboxGatewayLog;
  readonly slowMs: number;
  readonly hangMsMax: number;
  publicUrl: string;
  /** Tells the shop what people did here; null when nobody wants to know. */
  readonly notices: NoticeSender | null;
}

/** Resolves when the entry is on disk. */
export async function book(gateway: Gateway, entry: JournalEntry): Promise<void> {
  gateway.books.apply(entry);
  gateway.journal.append(entry);
  await gateway.journal.flushed();
}

/** Leaves a caller without an answer, for a time. */
export function hang(gateway: Gateway, response: ServerResponse): void {
  const timer = setTimeout(() => response.destroy(), gateway.hangMsMax);
  response.once('close', () => clearTimeout(timer));
}

export const now = (): string => new Date().toISOString();
