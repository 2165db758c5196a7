/**
 * Who may see an edition: everybody while it is on sale; at any time its author, admins, and whoever ordered it or was
 * given it.
 *
 * Promise: answered without SQL but for an edition that is not on sale and not the viewer's own, and then once a request.
 */
import { and, eq } from 'drizzle-orm';
import { entitlements, orderLines, orders } from '../db/tables/index.ts';
import type { Context } from './context.ts';

export interface EditionSight {
  id: string;
  ownerId: string;
  saleStatus: string;
}

/** Whoever asks. */
type Looker = Pick<Context, 'viewer' | 'db'>;

const answers = new WeakMap<Looker, Map<string, Promise<boolean>>>();

export function maySeeEdition(context: Looker, edition: EditionSight): boolean | Promise<boolean> {
  if (edition.saleStatus === 'PUBLISHED' || isOwner(context, edition.ownerId)) return true;
  // Before it was ever on sale nobody can have ordered it.
  if (!context.viewer || edition.saleStatus === 'UNRELEASED') return false;
  const known = answers.get(context) ?? new Map<string, Promise<boolean>>();
  answers.set(context, known);
  const answer = known.get(edition.id) ?? hasOrdered(context, context.viewer.id, edition.id);
  known.set(edition.id, answer);
  return answer;
}

const MAY_READ = { anyone: 'catalog:read' } as const;

/**
 * The rule for whoever may see an edition. Where it can be told at once it is no promise: Pothos asks for every field of
 * every row, and all of a page would wait.
 */
export function readableBy(context: Looker, edition: EditionSight) {
  const may = maySeeEdition(context, edition);
  return typeof may === 'boolean' ? readableIf(may) : may.then(readableIf);
}

export const readableIf = (may: boolean) => may && MAY_READ;

export const isOwner = ({ viewer }: Pick<Context, 'viewer'>, ownerId: string): boolean =>
  viewer !== null && (viewer.id === ownerId || viewer.role === 'ADMIN');

async function hasOrdered({ db }: Looker, buyerId: string, editionId: string): Promise<boolean> {
  const [line] = await db
    .select({ position: orderLines.position })
    .from(orderLines)
    .innerJoin(orders, eq(orders.id, orderLines.orderId))
    .where(and(eq(orderLines.editionId, editionId), eq(orders.buyerId, buyerId)))
    .limit(1);
  if (line) return true;
  const [right] = await db
    .select({ id: entitlements.id })
    .from(entitlements)
    .where(and(eq(entitlements.editionId, editionId), eq(entitlements.readerId, buyerId)))
    .limit(1);
  return right !== undefined;
}
