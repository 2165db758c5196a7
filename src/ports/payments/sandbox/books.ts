/**
 * The sandbox gateway's books: what the journal's entries add up to.
 *
 * The running gateway folds each entry in as it writes it; `readSandboxBooks` folds the same file from any other process,
 * so that a test can compare what the provider booked with what the shop believes.
 * Not here: which entry a request leads to (bank.ts).
 */
import { readJournal } from './journal.ts';
import type { JournalEntry } from './journal.ts';
import type { FaultScript } from './wire.ts';

type EntryOf<T extends JournalEntry['type']> = Extract<JournalEntry, { type: T }>;
type AuthorizationState = 'REQUIRES_ACTION' | 'AUTHORIZED' | 'DECLINED' | 'EXPIRED' | 'CAPTURED' | 'VOIDED';

export interface BookedAuthorization extends Omit<EntryOf<'authorization'>, 'type'> {
  state: AuthorizationState;
  capture: EntryOf<'capture'> | null;
  void: EntryOf<'void'> | null;
  refunds: EntryOf<'refund'>[];
}

/** The entry that a key led to. Its fingerprint tells a repeat from a conflict. */
export type BookedAnswer = EntryOf<'authorization' | 'capture' | 'void' | 'refund' | 'refusal'>;

export class Books {
  readonly authorizations = new Map<string, BookedAuthorization>();
  readonly authorizationRefsByCapture = new Map<string, string>();
  readonly answers = new Map<string, BookedAnswer>();
  readonly faultsByKey = new Map<string, string[]>();
  script: FaultScript | null = null;
  entryCount = 0;

  apply(entry: JournalEntry): void {
    this.entryCount += 1;
    switch (entry.type) {
      case 'authorization': {
        this.answers.set(entry.idempotencyKey, entry);
        this.authorizations.set(entry.authorizationRef, {
          ...entry,
          state: entry.outcome,
          capture: null,
          void: null,
          refunds: [],
        });
        return;
      }
      case 'decision': {
        this.authorization(entry.authorizationRef).state = entry.approved ? 'AUTHORIZED' : 'DECLINED';
        return;
      }
      case 'capture': {
        this.answers.set(entry.idempotencyKey, entry);
        this.authorizationRefsByCapture.set(entry.captureRef, entry.authorizationRef);
        Object.assign(this.authorization(entry.authorizationRef), { state: 'CAPTURED', capture: entry });
        return;
      }
      case 'void': {
        this.answers.set(entry.idempotencyKey, entry);
        Object.assign(this.authorization(entry.authorizationRef), { state: 'VOIDED', void: entry });
        return;
      }
      case 'refund': {
        this.answers.set(entry.idempotencyKey, entry);
        this.authorization(entry.authorizationRef).refunds.push(entry);
        return;
      }
      case 'refusal': {
        this.answers.set(entry.idempotencyKey, entry);
        if (entry.reasonCode === 'authorization_expired') this.authorization(entry.authorizationRef).state = 'EXPIRED';
        return;
      }
      case 'fault': {
        const faults = this.faultsByKey.get(entry.idempotencyKey) ?? [];
        faults.push(entry.fault);
        this.faultsByKey.set(entry.idempotencyKey, faults);
        return;
      }
      case 'script': {
        this.script = entry.script;
        return;
      }
      default:
        entry satisfies never;
    }
  }

  private authorization(authorizationRef: string): BookedAuthorization {
    const authorization = this.authorizations.get(authorizationRef);
    if (authorization === undefined) {
      throw new Error(`The sandbox gateway's journal speaks of ${authorizationRef} before it was authorized.`);
    }
    return authorization;
  }
}

export interface SandboxBooks {
  readonly authorizations: readonly BookedAuthorization[];
  readonly captures: readonly EntryOf<'capture'>[];
  readonly voids: readonly EntryOf<'void'>[];
  readonly refunds: readonly EntryOf<'refund'>[];
  /** How many times each key met an injected fault. */
  readonly faultsByKey: ReadonlyMap<string, readonly string[]>;
  /** What the call with this key was booked as. */
  byKey(idempotencyKey: string): BookedAnswer | undefined;
  /** All authorizations with this reference, each with its capture, void and refunds. */
  byReference(reference: string): readonly BookedAuthorization[];
}

/**
 * Reads the books of a sandbox gateway from outside, whether it runs or not.
 * @param booksPath the folder given to startSandboxGateway; an absent one has empty books
 */
export async function readSandboxBooks(booksPath: string): Promise<SandboxBooks> {
  const books = new Books();
  for (const entry of (await readJournal(booksPath)).entries) books.apply(entry);
  const authorizations = [...books.authorizations.values()];
  return {
    authorizations,
    captures: authorizations.flatMap((authorization) => authorization.capture ?? []),
    voids: authorizations.flatMap((authorization) => authorization.void ?? []),
    refunds: authorizations.flatMap((authorization) => authorization.refunds),
    faultsByKey: books.faultsByKey,
    byKey: (idempotencyKey) => books.answers.get(idempotencyKey),
    byReference: (reference) => authorizations.filter((authorization) => authorization.reference === reference),
  };
}
