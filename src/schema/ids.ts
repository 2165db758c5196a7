/**
 * Global ids: opaque to the client, `Type:UUID` inside, so that `node(id)` finds anything and nothing else is taken for it.
 *
 * Promise: what is not a UUID of a known form never reaches SQL.
 */
import { z } from 'zod';
import { globalId } from '../books/global-id.ts';
import { BadIdError } from './errors.ts';

/** What has such an id: the types that implement Node. */
const NODE_TYPES = new Set([
  'ApiKey',
  'Coupon',
  'DeadLetter',
  'Edition',
  'Entitlement',
  'File',
  'OpenSession',
  'Order',
  'Payout',
  'Quote',
  'ReconciliationDifference',
  'Refund',
  'Revision',
  'User',
  'WebhookDelivery',
  'WebhookEndpoint',
  'Work',
]);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const GLOBAL_ID = /^([A-Za-z]{1,40}):(.+)$/;
const GLOBAL_ID_CHARS_MAX = 200;

export const isNodeType = (typename: string): boolean => NODE_TYPES.has(typename);
export const isUuid = (text: string): boolean => UUID.test(text);

export const encodeId = globalId;

/** @throws BadIdError when it is no id that `encodeId` could have made of a UUID */
export function decodeId(globalId: string): { typename: string; id: string } {
  const parsed = tryDecode(globalId);
  if (!parsed || !isNodeType(parsed.typename) || !UUID.test(parsed.id)) {
    throw new BadIdError('This is not an id of this API. Use an `id` that a query or a mutation gave you.');
  }
  return parsed;
}

/**
 * Checks an id argument and gives the UUID inside: `t.id({ required: true }).validate(idOf('Edition'))`.
 * @param typename the GraphQL type it must belong to
 */
export function idOf(typename: string) {
  return z.string().transform((globalId, context) => {
    const parsed = tryDecode(globalId);
    if (parsed?.typename === typename && UUID.test(parsed.id)) return parsed.id;
    context.addIssue({ code: 'custom', message: `This is not the id of ${withArticle(typename)}.` });
    return z.NEVER;
  });
}

/** What a text is the global id of; null when it is none. */
export function readId(text: string): { typename: string; id: string } | null {
  const parsed = tryDecode(text);
  return parsed && UUID.test(parsed.id) ? parsed : null;
}

function tryDecode(globalId: string): { typename: string; id: string } | null {
  if (globalId.length > GLOBAL_ID_CHARS_MAX) return null;
  const match = GLOBAL_ID.exec(Buffer.from(globalId, 'base64url').toString());
  const [, typename, id] = match ?? [];
  return typename !== undefined && id !== undefined ? { typename, id } : null;
}

const withArticle = (noun: string) => `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`;
