/**
 * What a caller shows for who they are: `Authorization: Bearer TOKEN`, with a session's token or an API key, or HTTP Basic
 * with an app password (or a key) as its password. Basic never takes the password of an account, and no user name counts.
 */
import { isApiKey } from '../accounts/api-keys.ts';

/** Visible ASCII: a socket's words may hold what a header cannot, and PostgreSQL refuses the lookups of all who ask with it. */
const BEARER = /^Bearer +([\x21-\x7e]{1,200})$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]{1,800}={0,2})$/i;

/** @returns null when there is none that we take */
export function credentialIn(authorization: string | null | undefined): string | null {
  const header = authorization ?? '';
  const bearer = BEARER.exec(header)?.[1];
  if (bearer !== undefined) return bearer;
  const basic = BASIC.exec(header)?.[1];
  if (basic === undefined) return null;
  const text = Buffer.from(basic, 'base64').toString();
  const password = text.slice(text.indexOf(':') + 1);
  return isApiKey(password) ? password : null;
}
