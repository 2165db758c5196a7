/**
 * The identity port: somebody else says who a visitor is (OAuth 2, OpenID Connect).
 *
 * Promise: what `finish` returns was said by the provider itself, to us, for the browser that `begin` was called for.
 * Not here: whose account that is (../../accounts/identities.ts), cookies and redirects (../../server/sign-in.ts).
 */

/** What has to be kept by the browser, and by nobody else, between `begin` and `finish`. */
export interface KeptSignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface Identity {
  /** Whose word it is: the provider's own URL. */
  readonly issuer: string;
  /** The provider's own name for the person; it never changes. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider says that the person owns the e-mail. */
  readonly isEmailVerified: boolean;
  readonly name: string | null;
}

export interface IdentityProvider {
  /** In addresses: `/auth/ID/start`. */
  readonly id: string;
  /** As buttons say it. */
  readonly name: string;
  /** @returns where the browser goes. @throws IdentityUnavailableError */
  begin(redirectUri: string): Promise<{ readonly url: string; readonly kept: KeptSignIn }>;
  /**
   * @param callback where the browser came back to, with all that the provider wrote into it
   * @throws IdentityRefusedError, IdentityInvalidError, IdentityUnavailableError
   */
  finish(callback: URL, kept: KeptSignIn): Promise<Identity>;
}

/** The person or the provider said no. */
export class IdentityRefusedError extends Error {
  override readonly name = 'IdentityRefusedError';
}

/** What came back does not belong to what was begun, was used already or is not the provider's. */
export class IdentityInvalidError extends Error {
  override readonly name = 'IdentityInvalidError';
}

/** The provider does not answer; try again later. */
export class IdentityUnavailableError extends Error {
  override readonly name = 'IdentityUnavailableError';
}
