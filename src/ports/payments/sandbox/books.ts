/**
 * The sandbox gateway's books: what the journal's entries add up to.
 *
 * The running gateway folds each entry in as it writes it; `readSandboxBooks` folds the same file from any other process,
 * so that a test can compare what the provider booked with what the shop believes.
 * Not here: which entry a request leads to (bank.ts).
 */
import type { Movement } from '../provider.ts';
import { readJournal } from './journal.ts';
import type { JournalEntry } from './journal.ts';
import type { FaultScript } from './wire.ts';

type EntryOf<T extends JournalEntry['type']> = Extract<JournalEntry, { type: T }>;
type AuthorizationState = 'REQUIRES_ACTION' | 'AUTHORIZED' | 'DECLINED' | 'EXPIRED' | 'CAPTURED' | 'VOIDED';

export interface BookedAuthorization extends Omit<EntryOf<'authorization'>, 'type'> {
  state: AuthorizationState;
  capture: EntryOf<'capture'> | null;
  void: EntryOf<'void'> | null;
  refunds: BookedRefund[];
  dispute: BookedDispute | null;
}

export interface BookedRefund extends EntryOf<'refund'> {
  hasFailed: boolean;
}

export interface BookedPayee extends EntryOf<'payee'> {
  isReady: boolean;
}

export interface BookedPayout extends EntryOf<'payout'> {
  state: 'PROCESSING' | 'PAID' | 'FAILED' | 'REFUSED';
}

export interface BookedDispute extends EntryOf<'dispute'> {
  state: 'OPEN' | 'WON' | 'LOST';
  payment: BookedAuthorization;
}

/** What a key of a payment led to. */
export type PaymentEntry = EntryOf<'authorization' | 'capture' | 'void' | 'refund' | 'refusal'>;
/** The entry that a key led to. Its fingerprint tells a repeat from a conflict. */
export type BookedAnswer = PaymentEntry | EntryOf<'payee' | 'payout'>;

export const refundedMinor = (authorization: Pick<BookedAuthorization, 'refunds'>): number =>
  authorization.refunds.reduce((sum, refund) => sum + (refund.hasFailed ? 0 : refund.amountMinor), 0);

export class Books {
  readonly authorizations = new Map<string, BookedAuthorization>();
  readonly authorizationRefsByCapture = new Map<string, string>();
  readonly answers = new Map<string, BookedAnswer>();
  readonly payees = new Map<string, BookedPayee>();
  readonly payouts = new Map<string, BookedPayout>();
  readonly disputes = new Map<string, BookedDispute>();
  readonly refunds = new Map<string, BookedRefund>();
  readonly movements: Movement[] = [];
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
          dispute: null,
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
        const authorization = this.authorization(entry.authorizationRef);
        Object.assign(authorization, { state: 'CAPTURED', capture: entry });
        this.#move('CAPTURE', entry.captureRef, entry, { ...entry, reference: authorization.reference });
        return;
      }
      case 'void': {
        this.answers.set(entry.idempotencyKey, entry);
        Object.assign(this.authorization(entry.authorizationRef), { state: 'VOIDED', void: entry });
        return;
      }
      case 'refund': {
        this.answers.set(entry.idempotencyKey, entry);
        const authorization = this.authorization(entry.authorizationRef);
        const refund = { ...entry, hasFailed: false };
        authorization.refunds.push(refund);
        this.refunds.set(entry.refundRef, refund);
        this.#move('REFUND', entry.refundRef, entry, { ...entry, reference: authorization.reference });
        return;
      }
      case 'refund-failure': {
        const refund = known(this.refunds, entry.refundRef);
        refund.hasFailed = true;
        const { reference } = this.authorization(refund.authorizationRef);
        this.#move('REFUND_FAILED', entry.refundRef, entry, { ...refund, reference });
        return;
      }
      case 'payee': {
        this.answers.set(entry.idempotencyKey, entry);
        this.payees.set(entry.payeeRef, { ...entry, isReady: false });
        return;
      }
      case 'payee-completion': {
        known(this.payees, entry.payeeRef).isReady = true;
        return;
      }
      case 'payout': {
        this.answers.set(entry.idempotencyKey, entry);
        this.payouts.set(entry.payoutRef, { ...entry, state: entry.outcome });
        if (entry.outcome !== 'REFUSED') this.#move('PAYOUT', entry.payoutRef, entry, entry);
        return;
      }
      case 'payout-result': {
        const payout = known(this.payouts, entry.payoutRef);
        payout.state = entry.isPaid ? 'PAID' : 'FAILED';
        if (!entry.isPaid) this.#move('PAYOUT_FAILED', entry.payoutRef, entry, payout);
        return;
      }
      case 'dispute': {
        const payment = this.authorization(this.authorizationRefsByCapture.get(entry.captureRef) ?? entry.captureRef);
        payment.dispute = { ...entry, state: 'OPEN', payment };
        this.disputes.set(entry.disputeRef, payment.dispute);
        this.#move('DISPUTE', entry.disputeRef, entry, { ...entry, reference: payment.reference });
        return;
      }
      case 'dispute-result': {
        const dispute = known(this.disputes, entry.disputeRef);
        dispute.state = entry.isWon ? 'WON' : 'LOST';
        const { amountMinor, currency, payment } = dispute;
        const back = { amountMinor, currency, reference: payment.reference };
        if (entry.isWon) this.#move('DISPUTE_REVERSED', entry.disputeRef, entry, back);
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
    return known(this.authorizations, authorizationRef);
  }

  #move(
    kind: Movement['kind'],
    ref: string,
    { at }: { at: string },
    money: { reference: string; amountMinor: number; currency: string; feeMinor?: number },
  ): void {
    const { reference, amountMinor, currency, feeMinor = 0 } = money;
    const id = movementId(this.movements.length + 1);
    this.movements.push({ id, kind, ref, reference, amountMinor, feeMinor, currency, at: new Date(at) });
  }
}

/** Movements are numbered 1, 2, 3 … in the order of the journal. */
const movementId = (number: number): string => `mov_${String(number).padStart(12, '0')}`;
/** @returns how many movements come before and with it; null when it is none of ours */
export function movementNumber(id: string): number | null {
  return /^mov_\d{12}$/.test(id) ? Number(id.slice('mov_'.length)) : null;
}

function known<Entry>(entries: ReadonlyMap<string, Entry>, ref: string): Entry {
  const entry = entries.get(ref);
  if (entry === undefined) throw new Error(`The sandbox gateway's journal speaks of ${ref} before it was there.`);
  return entry;
}

/** What the call about a payment with this key led to. */
export function paymentEntry(books: Books, idempotencyKey: string): PaymentEntry | undefined {
  const entry = books.answers.get(idempotencyKey);
  return entry === undefined || entry.type === 'payee' || entry.type === 'payout' ? undefined : entry;
}

export interface SandboxBooks {
  readonly authorizations: readonly BookedAuthorization[];
  readonly captures: readonly EntryOf<'capture'>[];
  readonly voids: readonly EntryOf<'void'>[];
  readonly refunds: readonly BookedRefund[];
  readonly payees: readonly BookedPayee[];
  readonly payouts: readonly BookedPayout[];
  readonly disputes: readonly BookedDispute[];
  /** All money that moved, oldest first. */
  readonly movements: readonly Movement[];
  /** How many times each key met an injected fault. */
  readonly faultsByKey: ReadonlyMap<string, readonly string[]>;
  /** What the call about a payment with this key was booked as. */
  byKey(idempotencyKey: string): PaymentEntry | undefined;
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
    payees: [...books.payees.values()],
    payouts: [...books.payouts.values()],
    disputes: [...books.disputes.values()],
    movements: books.movements,
    faultsByKey: books.faultsByKey,
    byKey: (idempotencyKey) => paymentEntry(books, idempotencyKey),
    byReference: (reference) => authorizations.filter((authorization) => authorization.reference === reference),
  };
}
