/**
 * Workflows `receipt` and `announcement`: mails that follow a finished purchase or publication.
 *
 * They hang off finished events with runs of their own: they can fail for ever and nothing else notices. The mail's key
 * is the order's or revision's, so that a repeat is recognisable as the same mail.
 */
import { eq } from 'drizzle-orm';
import { type Db } from '../../db/client.ts';
import { editions, orderLines, orders, revisions, users } from '../../db/tables/index.ts';
import { editionPublished, noticeSent, orderCompleted } from '../../events/index.ts';
import { TerminalError } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { MAIL_TIMEOUT_MS, mailRetry, sendNotice } from './send-notice.ts';
import { announcementText, receiptText } from './texts.ts';

export const receipt = workflow('receipt', {
  startedBy: 'order.completed of purchase',
  stages: [
    stage('send', {
      on: orderCompleted,
      emits: [noticeSent],
      retry: mailRetry,
      timeoutMs: MAIL_TIMEOUT_MS,
      run: async ({ payload: { orderId } }, context) => {
        const { order, buyer, titles } = await readReceipt(context.services.db, orderId);
        return sendNotice(
          context,
          { key: `receipt:${orderId}`, kind: 'RECEIPT', to: buyer },
          receiptText({ ...order, titles }, context.services.publicUrl),
        );
      },
    }),
  ],
});

export const announcement = workflow('announcement', {
  startedBy: 'edition.published of publish',
  stages: [
    stage('send', {
      on: editionPublished,
      emits: [noticeSent],
      retry: mailRetry,
      timeoutMs: MAIL_TIMEOUT_MS,
      run: async ({ payload: { revisionId } }, context) => {
        const { title, author } = await readPublication(context.services.db, revisionId);
        return sendNotice(
          context,
          { key: `published:${revisionId}`, kind: 'PUBLISHED', to: author },
          announcementText(title, context.services.publicUrl),
        );
      },
    }),
  ],
});

async function readReceipt(db: Db, orderId: string) {
  const [order] = await db
    .select({
      id: orders.id,
      amountMinor: orders.amountMinor,
      currency: orders.currency,
      createdAt: orders.createdAt,
      buyer: { id: users.id, email: users.email },
    })
    .from(orders)
    .innerJoin(users, eq(users.id, orders.buyerId))
    .where(eq(orders.id, orderId));
  if (!order) throw new TerminalError(`there is no order ${orderId}`);
  const lines = await db
    .select({ title: revisions.title })
    .from(orderLines)
    .innerJoin(editions, eq(editions.id, orderLines.editionId))
    .innerJoin(revisions, eq(revisions.id, editions.liveRevisionId))
    .where(eq(orderLines.orderId, orderId));
  return { order, buyer: order.buyer, titles: lines.map((line) => line.title) };
}

async function readPublication(db: Db, revisionId: string) {
  const [row] = await db
    .select({ title: revisions.title, author: { id: users.id, email: users.email } })
    .from(revisions)
    .innerJoin(editions, eq(editions.id, revisions.editionId))
    .innerJoin(users, eq(users.id, editions.ownerId))
    .where(eq(revisions.id, revisionId));
  if (!row) throw new TerminalError(`there is no revision ${revisionId}`);
  return row;
}
