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

/** The password was right; a code of the authenticator is needed as well. */
export class TwoFactorRequired extends Error {
  override readonly name = 'TwoFactorRequired';
  readonly challenge: string;
  readonly expiresAt: Date;
  constructor({ challenge, expiresAt }: { challenge: string; expiresAt: Date }) {
    super('Send this challenge with a code of your authenticator, or a backup code, to completeSignIn.');
    this.challenge = challenge;
    this.expiresAt = expiresAt;
  }
}

/** A two-factor code is wrong, used or too old, or the sign-in that it belongs to is over: one answer for all. */
export class WrongTwoFactorCode extends Error {
  override readonly name = 'WrongTwoFactorCode';
  constructor() {
    super('This code is not good. Wait for the next one of your authenticator; if that fails too, sign in again.');
  }
}

/** Two-factor codes are on; they have to be switched off before they can be begun anew. */
export class TwoFactorAlreadyOn extends Error {
  override readonly name = 'TwoFactorAlreadyOn';
  constructor() {
    super('Two-factor codes are on. Switch them off before you begin anew.');
  }
}

/** Nothing is there to confirm or to switch off. */
export class TwoFactorNotBegun extends Error {
  override readonly name = 'TwoFactorNotBegun';
  constructor() {
    super('Two-factor codes are not on. Begin with enableTwoFactor.');
  }
}

/** A provider vouches for an e-mail that it does not hold for proven, or for none. */
export class IdentityEmailUnproven extends Error {
  override readonly name = 'IdentityEmailUnproven';
  constructor() {
    super('Your provider does not say that this e-mail is yours. Confirm it there, then sign in again.');
  }
}

/** There is an account with the e-mail, and nobody has proven yet that it is its owner's. */
export class IdentityEmailTaken extends Error {
  override readonly name = 'IdentityEmailTaken';
  constructor() {
    super(
      'There is an account with this e-mail that was never confirmed. Sign in with its password and confirm the e-mail, or reset the password by mail; then sign in this way again.',
    );
  }
}
