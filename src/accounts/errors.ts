/**
 * What can go wrong with an account. Signing in never tells whether an e-mail address is known; signing up has to, and is
 * limited per network address instead.
 */

/** The e-mail and the password do not belong together, or there is no such account: one answer for both. */
export class WrongCredentials extends Error {
  override readonly name = 'WrongCredentials';
  constructor() {
    super('The e-mail or the password is not right.');
  }
}

/** No second account is made for an e-mail address. */
export class EmailTaken extends Error {
  override readonly name = 'EmailTaken';
  constructor() {
    super('No account can be made with this e-mail. If it is yours, sign in.');
  }
}

/** Too many attempts; `retryAfterMs` says when to try again. */
export class TooManyAttempts extends Error {
  override readonly name = 'TooManyAttempts';
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super(`There were too many attempts. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`);
    this.retryAfterMs = retryAfterMs;
  }
}

/** A mailed code is unknown, used, replaced by a newer one or too old: one answer for all. */
export class BadCode extends Error {
  override readonly name = 'BadCode';
  constructor() {
    super('This code is not good any more: it works once, within an hour, and only the newest one. Ask for another.');
  }
}
