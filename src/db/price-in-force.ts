/** The price that holds now: the window that is open, else the price itself. As pieces of a larger statement. */
import { type SQL, sql } from 'drizzle-orm';

/** @param price alias of the price's row. @returns minor units. Windows of one edition and currency never overlap. */
export function amountInForce(price: SQL, now: Date): SQL<number> {
  return sql<number>`coalesce((
    select w.amount_minor from price_window w
    where w.edition_id = ${price}.edition_id and w.currency = ${price}.currency
      and w.valid_until > ${now.toISOString()}::timestamptz and w.valid_from <= ${now.toISOString()}::timestamptz
    limit 1), ${price}.amount_minor)`;
}

/** The least that may be paid where the buyer says how much: never more than the price that holds. */
export function minimumInForce(price: SQL, now: Date): SQL<number | null> {
  return sql<number | null>`case when ${price}.minimum_minor is not null
    then least(${price}.minimum_minor, ${amountInForce(price, now)}) end`;
}
