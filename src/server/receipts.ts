/** `GET /receipts/ORDER`: the PDF of a receipt, by the signed link that its buyer was given, as long as the order is theirs. */
import { pipeline } from 'node:stream/promises';
import { receiptFile, receiptNumber } from '../db/receipts.ts';
import type { SchemaServices } from '../schema/context.ts';
import { attachment, idIn, retell, verified } from './files.ts';
import { INERT } from './headers.ts';
import { allowMethods, HttpError, type Route } from './http.ts';

export function serveReceipts({
  db,
  storage,
  signing,
  clock,
}: Pick<SchemaServices, 'db' | 'storage' | 'signing' | 'clock'>): Route {
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    const { request, response } = exchange;
    const { buyerId } = verified(exchange, signing, clock);
    const receipt = await receiptFile(db, idIn(exchange));
    if (!receipt || receipt.buyerId !== buyerId) {
      throw new HttpError(403, 'FORBIDDEN', 'This receipt is not yours, or not made yet. Look at your order.');
    }
    const { storageKey } = receipt;
    const [{ sizeBytes }, content] = await Promise.all([storage.stat(storageKey), storage.get(storageKey)]).catch(
      retell,
    );
    response.writeHead(200, {
      'content-type': 'application/pdf',
      'content-length': sizeBytes,
      'content-disposition': attachment(`receipt-${receiptNumber(receipt)}.pdf`),
      'content-security-policy': INERT,
      'cache-control': 'private, no-store',
      'cross-origin-resource-policy': 'cross-origin',
    });
    if (request.method === 'HEAD') {
      content.destroy();
      response.end();
    } else {
      // A pipeline to somebody who has left already throws without closing what it reads from.
      await pipeline(content, response).finally(() => content.destroy());
    }
  };
}
