/**
 * Workflow `receipt`: the receipt as PDF, kept in the storage and mailed.
 *
 * It hangs off the completed order with a run of its own: it can fail for ever and the purchase does not notice; the
 * number was given in the commit that completed the order. The PDF is the same however often it is made, and the mail's
 * key is the order's, so that a repeat is recognisable as the same mail.
 */
import { globalId } from '../../books/global-id.ts';
import { orderToken } from '../../db/claims.ts';
import { filedReceipts } from '../../db/receipts.ts';
import { noticeSent, orderCompleted } from '../../events/index.ts';
import { MailUnavailableError } from '../../ports/mail/mail-sender.ts';
import { type StageContext, together } from '../../streams/index.ts';
import { MAIL_TIMEOUT_MS, mailRetry, sendNotice } from '../notify/send-notice.ts';
import { giftText, receiptText } from '../notify/texts.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';
import { type ReceiptContent, readReceipt } from './receipt-content.ts';
import { receiptPdf, SPREAD_MS } from './receipt-thread.ts';

type Context = StageContext<ConsumerServices>;

const PDF_BYTES_MAX = 1024 * 1024;
const MEDIA_TYPE = 'application/pdf';

export const receipt = workflow('receipt', {
  startedBy: 'order.completed of purchase',
  stages: [
    stage('send', {
      on: orderCompleted,
      emits: [noticeSent],
      retry: mailRetry,
      timeoutMs: MAIL_TIMEOUT_MS,
      gatherMs: SPREAD_MS,
      // So many that none of them waits for its turn any more (spread.ts).
      concurrency: 64,
      run: ({ payload: { orderId } }, context) => sendReceipt(orderId, context),
    }),
  ],
});

/** Its key is the order's, so that a repeat of the stage is the same mail. */
async function announceGift(content: ReceiptContent, claimUrl: string, { services, signal }: Context): Promise<void> {
  const { orderId, claim } = content;
  if (!claim) return;
  const mail = { idempotencyKey: `gift:${orderId}`, to: claim.email, ...giftText(content, claimUrl), signal };
  await services.mail.send(mail).catch((error: unknown) => {
    // An address that no mail reaches is the giver's to mend; the receipt is sent all the same.
    if (error instanceof MailUnavailableError) throw error;
  });
}

async function sendReceipt(orderId: string, context: Context) {
  const { db, storage, seller, publicUrl, secret } = context.services;
  const content = await readReceipt(db, orderId);
  const token = orderToken(secret, 'CLAIM', orderId);
  const claimUrl = `${publicUrl}/app/claim?order=${globalId('Order', orderId)}&token=${token}`;
  if (content.claim?.kind === 'GIFT') await announceGift(content, claimUrl, context);
  const { signal } = context;
  const pdf = await receiptPdf(content, seller, signal);
  const storageKey = `receipts/${content.number.slice(0, 4)}/${orderId}.pdf`;
  const limits = { contentType: MEDIA_TYPE, sizeBytesMax: PDF_BYTES_MAX, signal };
  const { sha256 } = await storage.put(storageKey, pdf, limits);
  const attachment = { fileName: `receipt-${content.number}.pdf`, mediaType: MEDIA_TYPE, content: pdf };
  return sendNotice(
    context,
    { key: `receipt:${orderId}`, kind: 'RECEIPT', to: content.buyer },
    { ...receiptText(content, seller, { publicUrl, claimUrl }), attachments: [attachment] },
    [together(filedReceipts, { orderId, storageKey, sha256 })],
  );
}
