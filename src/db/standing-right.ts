/** What stands in the way of buying a book: the right to it that somebody has, had taken, or is giving back. */
import { type SQL, sql } from 'drizzle-orm';

/**
 * The status of a right, or null where the book may be bought again: it was given back, and the money with it.
 * While the money is on its way the right may still come back, so the book cannot be bought meanwhile.
 * @param right the alias of a row of `entitlement`
 */
export const standingRight = (right: SQL): SQL => sql`
  case when ${right}.status = 'REFUNDED' and not exists (
         select from refund back where back.order_id = ${right}.order_id and back.status in ('REQUESTED', 'SUBMITTED'))
       then null else ${right}.status end`;
