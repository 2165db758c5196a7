/**
 * Signed URLs for our own upload and download routes, for storage that cannot sign its own.
 *
 * A URL carries its expiry and claims in the open and an HMAC-SHA-256 over method, path, expiry and claims. Two secrets
 * may be active, so that one can be replaced while URLs of the other live: the first signs, both verify.
 * Not here: what claims mean; the route checks the right again when the URL is used.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

export type SignedUrlClaims = Readonly<Record<string, string>>;

export type VerifiedUrl =
  | { readonly kind: 'VALID'; readonly claims: SignedUrlClaims; readonly expiresAt: Date }
  | { readonly kind: 'EXPIRED'; readonly expiresAt: Date }
  /** Altered, not ours, or signed for another method or path. */
  | { readonly kind: 'INVALID' };

export type SigningSecrets = string | readonly [string] | readonly [current: string, previous: string];

const SECRET_LENGTH_MIN = 32;
const CLAIMS_MAX = 16;
const CLAIM_LENGTH_MAX = 256;
const URL_LENGTH_MAX = 8_192;
const claimsSchema = z
  .record(z.string().min(1).max(64), z.string().max(CLAIM_LENGTH_MAX))
  .refine((claims) => Object.keys(claims).length <= CLAIMS_MAX);

export class SignedUrlInputError extends Error {
  override readonly name = 'SignedUrlInputError';
  readonly code = 'SIGNED_URL_INPUT';
}

/**
 * @param options.path begins with "/", without query
 * @param options.claims at most 16, values of at most 256 characters
 * @returns the path with its query; put the origin in front
 * @throws SignedUrlInputError
 */
export function signUrl(
  secrets: SigningSecrets,
  options: {
    readonly method: 'GET' | 'PUT';
    readonly path: string;
    readonly expiresAt: Date;
    readonly claims?: SignedUrlClaims;
  },
): string {
  const [secret] = checkedSecrets(secrets);
  const { method, path, expiresAt } = options;
  const claims = claimsSchema.safeParse(options.claims ?? {});
  if (!path.startsWith('/') || new URL(path, 'http://here').pathname !== path) {
    throw new SignedUrlInputError('A path to sign begins with "/", is percent-encoded, and has no query and no "..".');
  }
  if (!claims.success) {
    throw new SignedUrlInputError(
      `At most ${CLAIMS_MAX} claims of at most ${CLAIM_LENGTH_MAX} characters can be signed.`,
    );
  }
  if (Number.isNaN(expiresAt.getTime())) throw new SignedUrlInputError('The expiry is not a date.');
  const expires = `${expiresAt.getTime()}`;
  const encoded = Buffer.from(JSON.stringify(claims.data)).toString('base64url');
  const signature = signatureOf(secret, method, path, expires, encoded).toString('base64url');
  return `${path}?expires=${expires}&claims=${encoded}&signature=${signature}`;
}

/**
 * @param request.url path and query as they came; an origin is ignored
 * @param now in ms since 1970
 */
export function verifySignedUrl(
  secrets: SigningSecrets,
  request: { readonly method: string; readonly url: string },
  now: number = Date.now(),
): VerifiedUrl {
  const invalid = { kind: 'INVALID' } as const;
  if (request.url.length > URL_LENGTH_MAX || !URL.canParse(request.url, 'http://here')) return invalid;
  const url = new URL(request.url, 'http://here');
  const expires = url.searchParams.get('expires') ?? '';
  const encoded = url.searchParams.get('claims') ?? '';
  const given = Buffer.from(url.searchParams.get('signature') ?? '', 'base64url');
  let matches = false;
  for (const secret of checkedSecrets(secrets)) {
    const expected = signatureOf(secret, request.method, url.pathname, expires, encoded);
    const equal = given.length === expected.length && timingSafeEqual(given, expected);
    matches = equal || matches;
  }
  if (!matches || !/^\d{1,16}$/.test(expires)) return invalid;
  const expiresAt = new Date(Number(expires));
  if (now >= expiresAt.getTime()) return { kind: 'EXPIRED', expiresAt };
  const claims = claimsSchema.safeParse(JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')));
  return claims.success ? { kind: 'VALID', claims: claims.data, expiresAt } : invalid;
}

function checkedSecrets(secrets: SigningSecrets): readonly [string, ...string[]] {
  const list: readonly [string, ...string[]] = typeof secrets === 'string' ? [secrets] : secrets;
  if (list.every((secret) => secret.length >= SECRET_LENGTH_MIN)) return list;
  throw new SignedUrlInputError(`A secret to sign URLs with needs at least ${SECRET_LENGTH_MIN} characters.`);
}

function signatureOf(secret: string, method: string, path: string, expires: string, claims: string): Buffer {
  return createHmac('sha256', secret)
    .update(JSON.stringify(['v1', method, path, expires, claims]))
    .digest();
}
