/** Gives the things of the world all that they may have, so that a field is null only where it is withheld. */
import { join } from 'node:path';
import type { Database } from '../../src/db/client.ts';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import {
  editionSubject,
  HEALTH_SUBJECT,
  orderSubject,
  payeeSubject,
  payoutSubject,
  refundSubject,
} from '../../src/events/index.ts';
import { createFolderMail } from '../../src/ports/mail/folder-mail.ts';
import type { Book } from './world.ts';

export interface Furnished {
  ownerEmail: string;
  ownerId: string;
  adminId: string;
  draft: Book;
  onSale: Book;
  orderId: string;
  refundId: string;
  payeeId: string;
  payoutId: string;
  parked: { runId: string; eventId: number };
  deadLetterId: string;
  apiKeyId: string;
}

export async function furnish({ db, sql }: Database, dataDir: string, things: Furnished): Promise<void> {
  const { draft, onSale, orderId, refundId, parked, apiKeyId, adminId, deadLetterId, ownerEmail } = things;
  const reportId = newId();
  const checks = [{ name: 'redis', status: 'UP', detail: 'It answers.', durationMs: 1 }];
  await db.insert(tables.healthReports).values({ id: reportId, slot: new Date(), status: 'UP', checks });
  const retry = { note: 'Soon.', stage: 'publish.validate', failures: 1, retryAt: new Date().toISOString() };
  const step = { shard: 0, type: 'stage.retrying', seq: 1, stage: 'publish.validate', attempts: 1, durationMs: 1 };
  await db.insert(tables.events).values([
    { ...step, subject: 'edition:passed', type: 'edition.progressed', stage: 'publish.check-metadata', payload: {} },
    { ...step, subject: orderSubject(orderId), payload: retry },
    { ...step, subject: refundSubject(refundId), payload: { ...retry, reason: 'No.' } },
    { ...step, subject: payeeSubject(things.payeeId), payload: retry },
    { ...step, subject: payoutSubject(things.payoutId), payload: { ...retry, reason: 'No.' } },
    { ...step, subject: editionSubject(draft.editionId), payload: retry },
    { ...step, subject: editionSubject(onSale.editionId), payload: retry },
    { ...step, subject: HEALTH_SUBJECT, payload: { slot: new Date().toISOString(), reportId, status: 'UP' } },
  ]);
  await sql`update edition set isbn13 = '9780306406157' where id = ${onSale.editionId}`;
  await sql`update edition set isbn13 = '9780306406157', published_at = now() where id = ${draft.editionId}`;
  await sql`update price set minimum_minor = 100 where edition_id in (${draft.editionId}, ${onSale.editionId})`;
  await sql`insert into price_window (id, edition_id, currency, amount_minor, name, valid_from, valid_until)
    select ${newId()}::uuid, id, 'EUR', 399, 'Summer', now() - interval '1 hour', now() + interval '1 day'
    from edition where id = ${draft.editionId}`;
  await sql`update "order" set country = 'DE' where id = ${orderId}`;
  await sql`update api_key set expires_at = now() + interval '1 day', last_used_at = now() where id = ${apiKeyId}`;
  const at = new Date().toISOString();
  const call = { what: 'gateway.authorize', key: 'k', at, ms: 1, outcome: 'AUTHORIZED', undoes: 'purchase.validate' };
  const trail = sql.json({ calls: [call], waits: { count: 1, since: at, until: at } });
  await sql`update event set trail = ${trail} where type = 'order.placed'`;
  await sql`update run set state = 'RUNNING', retry_at = now(), trail = ${trail}`;
  await sql`update event set payload = payload || ${sql.json(retry)} where type = 'order.placed'`;
  await sql`update dead_letter set state = 'REPLAYED', resolved_by = 'ada@example.org', resolved_at = now()
    where id = ${deadLetterId}`;
  const { runId, eventId } = parked;
  await db.insert(tables.timers).values({ dueAt: new Date(), shard: 0, stage: 'purchase.validate', runId, eventId });
  await db.insert(tables.disclosures).values({ adminId, kind: 'EVENT', target: String(eventId) });
  await sql`
    insert into dispute (id, order_id, dispute_ref, status, amount_minor, fee_minor, currency)
    values (gen_random_uuid(), ${orderId}, 'dis_1', 'OPEN', 499, 0, 'EUR')`;
  await sql.begin(async (tx) => {
    const [booked] = await tx`
      insert into ledger_transaction (id, key, created_at) values (gen_random_uuid(), 'x', '2026-10-02') returning id`;
    await tx`
      insert into ledger_entry (transaction_id, position, account, currency, amount_minor)
      values (${booked?.['id']}, 0, ${`author-payable:${things.ownerId}`}, 'EUR', -1),
             (${booked?.['id']}, 1, 'provider-clearing', 'EUR', 1)`;
  });
  await db.insert(tables.cronSlots).values({ name: 'health', slot: new Date(), claimedBy: 'a process' });
  const soon = new Date(Date.now() + 3_600_000);
  await db.insert(tables.relayLeases).values({ shard: 0, holder: 'a process', expiresAt: soon });
  await db.insert(tables.streamHeads).values({ stream: 'order.placed', shard: 0, lastPubSeq: 1 });
  await db.insert(tables.outbox).values({ shard: 0, stream: 'order.placed', eventIds: [eventId] });
  const mails = createFolderMail({ folderPath: join(dataDir, 'mails'), from: 'Booky Hub <no-reply@example.org>' });
  await mails.send({ idempotencyKey: newId(), to: ownerEmail, subject: 'A receipt', text: 'For the owner alone.' });
}
