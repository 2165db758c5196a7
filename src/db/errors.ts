/**
 * What the marketplace refuses, and why.
 *
 * Each has a stable `code` and a message for people. The API shows them as members of its result unions.
 */

export abstract class DomainError extends Error {
  abstract readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }

  /** What is told beside code and message. */
  details(): Record<string, unknown> {
    return {};
  }
}

/** It does not exist, or it belongs to somebody else: one answer for both. */
export class NotThere extends DomainError {
  readonly code = 'NOT_FOUND';
  /** Such as `edition`. */
  readonly what: string;
  constructor(what: string) {
    super(`There is no such ${what}, or it is not yours.`);
    this.what = what;
  }
}

/** Its state does not allow this. */
export class WrongState extends DomainError {
  readonly code = 'INVALID_STATE';
  readonly state: string;
  constructor(message: string, state: string) {
    super(message);
    this.state = state;
  }
}

/** It contradicts something that is there. */
export class Contradiction extends DomainError {
  readonly code = 'CONFLICT';
}

/** One field of the input cannot be taken as it is; found only when the database was asked. */
export class FieldRefused extends DomainError {
  readonly code = 'VALIDATION';
  /** As the input calls it: `fileId`. */
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** The idempotency key was used before for something else. */
export class KeyReused extends DomainError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  constructor() {
    super('This idempotencyKey was used before with another input. Use a new key for a new request.');
  }
}

/** The reader has this edition in the library. */
export class AlreadyOwned extends DomainError {
  readonly code = 'ALREADY_OWNED';
  readonly editionId: string;
  constructor(editionId: string) {
    super('This book is in your library already.');
    this.editionId = editionId;
  }
}

/** Nobody can buy this edition, or not for this currency. */
export class NotForSale extends DomainError {
  readonly code = 'NOT_FOR_SALE';

  static rightEnded(): NotForSale {
    return new NotForSale(
      'Your right to this book was ended or is being given back, so it cannot be bought now. Ask the marketplace.',
    );
  }

  /** @param sold the currencies that it is sold for */
  static inCurrency(currency: string, sold: readonly string[]): NotForSale {
    const others = sold.join(', ');
    return new NotForSale(`This book is not sold for ${currency}${others === '' ? '' : `, but for ${others}`}.`);
  }
}

/** An order of this reader for this edition is on its way. */
export class PurchaseInProgress extends DomainError {
  readonly code = 'PURCHASE_IN_PROGRESS';
  readonly orderId: string;
  constructor(orderId: string) {
    super('You are buying this book already. Watch that order instead of placing another.');
    this.orderId = orderId;
  }
}

/** The price is not the one that the buyer was shown. */
export class PriceChanged extends DomainError {
  readonly code = 'PRICE_CHANGED';
  readonly price: { amountMinor: number; currency: string };
  constructor(price: { amountMinor: number; currency: string }) {
    super('The price has changed. Show the new one to the buyer, and order again.');
    this.price = price;
  }
}

/** The quote's time is over. */
export class QuoteExpired extends DomainError {
  readonly code = 'QUOTE_EXPIRED';
  constructor() {
    super('This quote has expired. Make a new one, show it to the buyer, and order on that.');
  }
}

/** The quote was ordered on already. */
export class QuoteUsed extends DomainError {
  readonly code = 'QUOTE_USED';
  readonly orderId: string;
  constructor(orderId: string) {
    super('This quote was ordered on already. Watch that order; for another purchase make a new quote.');
    this.orderId = orderId;
  }
}

/** Why a coupon is worth nothing here, with what the buyer is told. */
const COUPON_REFUSALS = {
  UNKNOWN: 'There is no coupon with this code.',
  NOT_YET: 'This coupon does not hold yet.',
  OVER: 'This coupon has ended.',
  USED_UP: 'This coupon has been used as often as it may.',
  USED_BY_YOU: 'You have used this coupon as often as you may.',
  NOT_FOR_THESE: 'This coupon does not hold for what you are buying.',
  NOT_FOR_CURRENCY: 'This coupon does not hold for this currency.',
} as const;
export type CouponRefusal = keyof typeof COUPON_REFUSALS;

/** The coupon cannot be used for this. */
export class CouponRefused extends DomainError {
  readonly code = 'COUPON_REFUSED';
  readonly reason: CouponRefusal;
  constructor(reason: CouponRefusal) {
    super(COUPON_REFUSALS[reason]);
    this.reason = reason;
  }
}

/** The account has uploaded as much as it may. */
export class UploadQuotaReached extends DomainError {
  readonly code = 'UPLOAD_QUOTA';
  readonly quota: 'UPLOADS_PER_DAY' | 'STORED_BYTES';
  /** In uploads or bytes, as `quota` says. */
  readonly max: number;
  readonly used: number;
  /** When it is worth trying again; null when only room helps. */
  readonly availableAt: Date | null;

  constructor(message: string, facts: Pick<UploadQuotaReached, 'quota' | 'max' | 'used' | 'availableAt'>) {
    super(message);
    this.quota = facts.quota;
    this.max = facts.max;
    this.used = facts.used;
    this.availableAt = facts.availableAt;
  }

  static perDay(max: number, used: number, availableAt: Date): UploadQuotaReached {
    const message = `An account may upload ${max} files a day. Wait until ${availableAt.toISOString()}, or ask the marketplace for more.`;
    return new UploadQuotaReached(message, { quota: 'UPLOADS_PER_DAY', max, used, availableAt });
  }

  static stored(max: number, used: number): UploadQuotaReached {
    const message =
      `Your files take ${used} bytes of ${max}, and this one does not fit. ` +
      'Upload a smaller file, or ask the marketplace for more room; uploads that no book uses are removed after 30 days.';
    return new UploadQuotaReached(message, { quota: 'STORED_BYTES', max, used, availableAt: null });
  }
}

/** The bytes that were uploaded are not those that were announced. */
export class UploadMismatch extends DomainError {
  readonly code = 'UPLOAD_MISMATCH';
}

/** This cannot be given back, or not by this reader. */
export class NotRefundable extends DomainError {
  readonly code = 'NOT_REFUNDABLE';
}

const NOT_PAYABLE = {
  NO_PAYEE: 'The payment provider does not know you yet. Open yourself as a payee first.',
  PAYEE_NOT_READY:
    'The payment provider wants to know more of you first: open yourself as a payee again, and answer it.',
  UNDER_WAY: 'A payout in this currency is under way already. Watch that one.',
  BELOW_THRESHOLD: 'There is not enough to be paid out yet.',
} as const;
export type NotPayableReason = keyof typeof NOT_PAYABLE;

/** Nothing is paid out now. */
export class NotPayable extends DomainError {
  readonly code = 'NOT_PAYABLE';
  readonly reason: NotPayableReason;
  constructor(reason: NotPayableReason, more = '') {
    super(NOT_PAYABLE[reason] + more);
    this.reason = reason;
  }

  /** @param status null when there is no payee */
  static byPayee(status: string | null): NotPayable {
    return new NotPayable(status === null ? 'NO_PAYEE' : 'PAYEE_NOT_READY');
  }

  static underWay(currency: string): NotPayable {
    return new NotPayable('UNDER_WAY', ` (${currency})`);
  }

  static belowThreshold(of: { payableMinor: number; thresholdMinor: number; currency: string }): NotPayable {
    const { payableMinor, thresholdMinor, currency } = of;
    return new NotPayable(
      'BELOW_THRESHOLD',
      ` ${payableMinor} minor units of ${currency} are payable, and ${thresholdMinor} are paid at least.`,
    );
  }
}
