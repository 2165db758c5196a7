/**
 * What an API key may do, scope by scope. A key acts for its owner and never beyond its scopes; a session has no limits
 * but its owner's.
 */
export const KEY_SCOPES = {
  'catalog:read': 'See the catalogue, and your own works and editions whatever their status.',
  'publish:write': 'Upload files; draft, submit, unpublish. Includes `catalog:read`.',
  'orders:read': 'See your orders and watch them.',
  'orders:write': 'Buy for you. Includes `orders:read`.',
  'library:read': 'See your library and download from it.',
  'sales:read': 'See what you sold and earned.',
  'account:read': 'See your e-mail and role.',
  'operations:read': 'For admins: see runs, dead letters and health in detail.',
  'operations:write': 'For admins: decide about dead letters and orders of others. Includes `operations:read`.',
} as const;

export type KeyScope = keyof typeof KEY_SCOPES;

const INCLUDED: Partial<Record<KeyScope, readonly KeyScope[]>> = {
  'publish:write': ['catalog:read'],
  'orders:write': ['orders:read'],
  'operations:write': ['operations:read'],
};

/** What a field asks of a key: a scope; NO_KEY for what only a person who is signed in may do; ANY_KEY for what is open. */
export type KeyRule = KeyScope | 'NO_KEY' | 'ANY_KEY';

/** @param scopes those of the key; null for a session, which is no key */
export function keyMay(scopes: readonly KeyScope[] | null, rule: KeyRule): boolean {
  if (scopes === null || rule === 'ANY_KEY') return true;
  if (rule === 'NO_KEY') return false;
  return scopes.some((scope) => scope === rule || INCLUDED[scope]?.includes(rule) === true);
}

const isScope = (text: string): text is KeyScope => Object.hasOwn(KEY_SCOPES, text);

/** Scopes as they are stored; one that there is no more allows nothing. */
export const readScopes = (stored: readonly string[]): readonly KeyScope[] => stored.filter((text) => isScope(text));
export const keyScopes: readonly KeyScope[] = readScopes(Object.keys(KEY_SCOPES));
