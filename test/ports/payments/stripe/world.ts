/**
 * What stands at our stand-in for Stripe: objects in the shape of Stripe's API reference, its books, its events.
 *
 * The stand-in is our own, written from the published documentation (docs.stripe.com/api); it proves that the adapter
 * speaks HTTP as that says, and nothing about Stripe itself. What people do (a buyer at the bank, a bank that disputes)
 * is a method here. Not here: HTTP, keys, parameters (server.ts, endpoints.ts).
 */
import { randomBytes } from 'node:crypto';

export type Json = Record<string, unknown>;

export interface StripeEvent {
  readonly id: string;
  readonly object: 'event';
  readonly type: string;
  readonly created: number;
  readonly data: { readonly object: Json };
}

/** An error as Stripe answers it. `isSaved`: it is kept under the idempotency key, since the endpoint had begun. */
export class StripeFault extends Error {
  readonly status: number;
  readonly body: Json;
  readonly isSaved: boolean;

  constructor(status: number, body: Json & { message: string }, isSaved = true) {
    super(body.message);
    this.status = status;
    this.body = { type: status === 402 ? 'card_error' : 'invalid_request_error', ...body };
    this.isSaved = isSaved;
  }
}

export interface Intent extends Json {
  id: string;
  amount: number;
  currency: string;
  status: string;
  created: number;
  metadata: Record<string, string>;
  latest_charge: string | null;
}

export interface Charge extends Json {
  id: string;
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  currency: string;
  disputed: boolean;
  metadata: Record<string, string>;
  payment_intent: string;
}

export interface Refund extends Json {
  id: string;
  amount: number;
  charge: string;
  currency: string;
  status: string;
}

export interface Dispute extends Json {
  id: string;
  amount: number;
  charge: string;
  currency: string;
  status: string;
  balance_transactions: Transaction[];
}

export interface Transfer extends Json {
  id: string;
  amount: number;
  currency: string;
  transfer_group: string | null;
  reversed: boolean;
}

export interface Account extends Json {
  id: string;
  capabilities: { transfers: 'active' | 'inactive' };
  payouts_enabled: boolean;
}

export interface Transaction extends Json {
  id: string;
  amount: number;
  fee: number;
  net: number;
  currency: string;
  source: string;
}

/** What Stripe keeps of a sale: 1.5 % and 25 cents. */
const feeOf = (amount: number): number => Math.round(amount * 0.015) + 25;
const DISPUTE_FEE = 2_000;
const TOP_UP = 1_000_000;

export class StripeWorld {
  readonly intents = new Map<string, Intent>();
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly disputes = new Map<string, Dispute>();
  readonly transfers = new Map<string, Transfer>();
  readonly reversals = new Map<string, Json & { id: string }>();
  readonly accounts = new Map<string, Account>();
  /** Oldest first. */
  readonly transactions: Transaction[] = [];
  readonly events: StripeEvent[] = [];
  /** Called with each event, before the answer of the call that caused it. */
  onEvent: (event: StripeEvent) => void = () => {};
  readonly #now: () => Date;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
    for (const currency of ['eur', 'usd']) this.move('topup', { id: this.id('tu') }, { amount: TOP_UP, currency });
  }

  id(prefix: string): string {
    return `${prefix}_${randomBytes(12).toString('hex')}`;
  }

  seconds(): number {
    return Math.floor(this.#now().getTime() / 1_000);
  }

  emit(type: string, object: Json): void {
    const data = { object: structuredClone(object) };
    const event: StripeEvent = { id: this.id('evt'), object: 'event', type, created: this.seconds(), data };
    this.events.push(event);
    this.onEvent(event);
  }

  /** @param money `amount` is negative when it leaves our balance */
  move(
    category: string,
    source: { id: string },
    money: { amount: number; currency: string; fee?: number },
  ): Transaction {
    const { amount, currency, fee = 0 } = money;
    const transaction: Transaction = {
      id: this.id('txn'),
      object: 'balance_transaction',
      amount,
      fee,
      net: amount - fee,
      currency,
      created: this.seconds(),
      reporting_category: category,
      type: category === 'dispute' || category === 'dispute_reversal' ? 'adjustment' : category,
      source: source.id,
      status: 'available',
    };
    this.transactions.push(transaction);
    return transaction;
  }

  available(currency: string): number {
    return this.transactions.reduce((sum, one) => sum + (one.currency === currency ? one.net : 0), 0);
  }

  authorize(intent: Intent): void {
    const charge: Charge = {
      id: this.id('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_captured: 0,
      amount_refunded: 0,
      captured: false,
      created: this.seconds(),
      currency: intent.currency,
      disputed: false,
      metadata: { ...intent.metadata },
      payment_intent: intent.id,
      status: 'succeeded',
    };
    this.charges.set(charge.id, charge);
    Object.assign(intent, {
      status: 'requires_capture',
      amount_capturable: intent.amount,
      latest_charge: charge.id,
      next_action: null,
      last_payment_error: null,
    });
    this.emit('payment_intent.amount_capturable_updated', intent);
  }

  decline(intent: Intent, error: Json): void {
    Object.assign(intent, { status: 'requires_payment_method', next_action: null, last_payment_error: error });
    this.emit('payment_intent.payment_failed', intent);
  }

  capture(intent: Intent, amount: number): void {
    const charge = this.charge(intent.latest_charge ?? '');
    Object.assign(charge, { captured: true, amount_captured: amount });
    this.move('charge', charge, { amount, currency: intent.currency, fee: feeOf(amount) });
    Object.assign(intent, { status: 'succeeded', amount_received: amount, amount_capturable: 0 });
    this.emit('charge.captured', charge);
    this.emit('payment_intent.succeeded', intent);
  }

  charge(id: string): Charge {
    const charge = this.charges.get(id);
    if (!charge) throw new Error(`the stand-in has no charge ${id}`);
    return charge;
  }

  /** The buyer answers the bank. */
  answerBank(intentId: string, approves: boolean): void {
    const intent = this.intents.get(intentId);
    if (intent?.status !== 'requires_action') return;
    if (approves) this.authorize(intent);
    else {
      this.decline(intent, {
        type: 'invalid_request_error',
        code: 'payment_intent_authentication_failure',
        message: 'The provided PaymentMethod has failed authentication.',
      });
    }
  }

  completePayee(accountId: string): void {
    const account = this.accounts.get(accountId);
    if (!account) throw new Error(`the stand-in has no account ${accountId}`);
    Object.assign(account, { capabilities: { transfers: 'active' }, payouts_enabled: true, details_submitted: true });
    this.emit('account.updated', account);
  }

  dispute(chargeId: string): Dispute {
    const charge = this.charge(chargeId);
    const amount = charge.amount_captured - charge.amount_refunded;
    const dispute: Dispute = {
      id: this.id('du'),
      object: 'dispute',
      amount,
      charge: charge.id,
      created: this.seconds(),
      currency: charge.currency,
      metadata: {},
      payment_intent: charge.payment_intent,
      reason: 'fraudulent',
      status: 'needs_response',
      balance_transactions: [],
    };
    charge.disputed = true;
    this.disputes.set(dispute.id, dispute);
    const taken = { amount: -amount, currency: charge.currency, fee: DISPUTE_FEE };
    dispute.balance_transactions.push(this.move('dispute', dispute, taken));
    this.emit('charge.dispute.created', dispute);
    this.emit('charge.dispute.funds_withdrawn', dispute);
    return dispute;
  }

  endDispute(disputeId: string, isWon: boolean): void {
    const dispute = this.disputes.get(disputeId);
    if (!dispute) throw new Error(`the stand-in has no dispute ${disputeId}`);
    dispute.status = isWon ? 'won' : 'lost';
    this.emit('charge.dispute.closed', dispute);
    if (!isWon) return;
    const back = { amount: dispute.amount, currency: dispute.currency };
    dispute.balance_transactions.push(this.move('dispute_reversal', dispute, back));
    this.emit('charge.dispute.funds_reinstated', dispute);
  }

  reverseTransfer(transferId: string): void {
    const transfer = this.transfers.get(transferId);
    if (!transfer) throw new Error(`the stand-in has no transfer ${transferId}`);
    const reversal = {
      id: this.id('trr'),
      object: 'transfer_reversal',
      amount: transfer.amount,
      transfer: transfer.id,
    };
    this.reversals.set(reversal.id, reversal);
    Object.assign(transfer, { reversed: true, amount_reversed: transfer.amount });
    this.move('transfer_reversal', reversal, { amount: transfer.amount, currency: transfer.currency });
    this.emit('transfer.reversed', transfer);
  }

  failRefund(refundId: string): void {
    const refund = this.refunds.get(refundId);
    if (!refund) throw new Error(`the stand-in has no refund ${refundId}`);
    Object.assign(refund, { status: 'failed', failure_reason: 'expired_or_canceled_card' });
    this.charge(refund.charge).amount_refunded -= refund.amount;
    this.move('refund_failure', refund, { amount: refund.amount, currency: refund.currency });
    this.emit('refund.failed', refund);
  }
}
