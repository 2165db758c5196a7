/** The lines of an order with their money, as refunds and disputes need it. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Tx } from './client.ts';

const lineSchema = z.object({
  position: z.number(),
  authorId: z.string(),
  amountMinor: z.coerce.number(),
  taxMinor: z.coerce.number(),
  royaltyMinor: z.coerce.number(),
  reversedMinor: z.coerce.number(),
  reversedTaxMinor: z.coerce.number(),
  reversedRoyaltyMinor: z.coerce.number(),
  /** When the book of the line was first fetched. */
  downloadedAt: z.coerce.date().nullable(),
});
export type OrderLineMoney = z.infer<typeof lineSchema>;

/** The rights of the lines are held until the transaction ends, so that no book is fetched meanwhile. */
export async function readLineMoney(tx: Pick<Tx, 'execute'>, orderId: string): Promise<OrderLineMoney[]> {
  const rows = await tx.execute(sql`
    select l.position, l.author_id as "authorId", l.amount_minor as "amountMinor", l.tax_minor as "taxMinor",
           l.royalty_minor as "royaltyMinor", l.reversed_minor as "reversedMinor",
           l.reversed_tax_minor as "reversedTaxMinor", l.reversed_royalty_minor as "reversedRoyaltyMinor",
           t.downloaded_at as "downloadedAt"
    from order_line l
    left join lateral (
      select t.downloaded_at from entitlement t
      where t.order_id = l.order_id and t.edition_id = l.edition_id for update) t on true
    where l.order_id = ${orderId} order by l.position`);
  return z.array(lineSchema).parse([...rows]);
}
