/** Many buyers, each with a session and one order under way, made in bulk: for readers of live status by the thousand. */
import { randomBytes } from 'node:crypto';
import type { Database } from '../../../src/db/client.ts';
import { newId } from '../../../src/db/tables/columns.ts';
import { orderSubject } from '../../../src/events/index.ts';
import { encodeId } from '../../../src/schema/ids.ts';

export interface Shopper {
  readonly token: string;
  /** The order's global id. */
  readonly id: string;
  /** The subject of its events. */
  readonly subject: string;
}

const SESSION_MS = 24 * 3_600_000;

/** Three statements, however many. */
export async function openShoppers({ sql }: Pick<Database, 'sql'>, count: number): Promise<Shopper[]> {
  const rows = Array.from({ length: count }, () => ({
    userId: newId(),
    sessionId: newId(),
    orderId: newId(),
    token: randomBytes(24).toString('base64url'),
  }));
  const userIds = rows.map(({ userId }) => userId);
  const now = new Date();
  await sql`
    insert into "user" (id, name, email, created_at, updated_at)
    select id, 'A Buyer', id || '@example.org', ${now}, ${now} from unnest(${userIds}::uuid[]) as one(id)`;
  await sql`
    insert into session (id, user_id, token, expires_at, created_at, updated_at)
    select id, user_id, token, ${new Date(now.getTime() + SESSION_MS)}, ${now}, ${now}
    from unnest(${rows.map(({ sessionId }) => sessionId)}::uuid[], ${userIds}::uuid[],
                ${rows.map(({ token }) => token)}::text[]) as one(id, user_id, token)`;
  await sql`
    insert into "order" (id, buyer_id, status, amount_minor, currency, created_at, updated_at)
    select id, buyer_id, 'PENDING_PAYMENT', 499, 'EUR', ${now}, ${now}
    from unnest(${rows.map(({ orderId }) => orderId)}::uuid[], ${userIds}::uuid[]) as one(id, buyer_id)`;
  await sql`analyze "user", session, "order"`;
  return rows.map(({ token, orderId }) => ({
    token,
    id: encodeId('Order', orderId),
    subject: orderSubject(orderId),
  }));
}
