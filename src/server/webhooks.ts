/**
 * `POST /webhooks/payments/GATEWAY`: what the payment provider tells us.
 *
 * Promise: what is not signed by the provider, or is too old, changes nothing; what is, is stored before it is answered,
 * once however often it comes. An answer other than 2xx makes the provider send it again.
 */
import { NoticeRefusedError, type NoticeReader, type PaymentNotice } from '../ports/payments/notices.ts';
import type { SchemaServices } from '../schema/context.ts';
import { acceptNotice } from '../schema/payment-notices.ts';
import { allowMethods, type Exchange, HttpError, readBody, type Route, sendJson } from './http.ts';
import { toldTrace } from './trace.ts';

/** A provider's notice is some KB. */
const BODY_LIMIT = { bytesMax: 256 * 1024, timeoutMs: 10_000 };

export function serveWebhooks(services: SchemaServices): Route {
  return async (exchange) => {
    const { notices, log } = services;
    if (exchange.url.pathname !== `/webhooks/payments/${notices.name}`) {
      throw new HttpError(404, 'NOT_FOUND', 'There is no such webhook here.');
    }
    allowMethods(exchange, 'POST');
    const rawBody = await readBody(exchange.request, BODY_LIMIT);
    const notice = readNotice(notices, rawBody, exchange, log);
    const isNew = notice !== null && (await acceptNotice(services, notice, exchange.traceId ?? exchange.requestId));
    sendJson(exchange.response, 200, { received: true, isNew });
  };
}

function readNotice(
  notices: NoticeReader,
  rawBody: Buffer,
  exchange: Exchange,
  log: SchemaServices['log'],
): PaymentNotice | null {
  const headers = Object.fromEntries(
    Object.entries(exchange.request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(',') : value,
    ]),
  );
  try {
    return notices.readNotice(rawBody, headers);
  } catch (error) {
    if (!(error instanceof NoticeRefusedError)) throw error;
    const { requestId } = exchange;
    log.warn(
      { gateway: notices.name, requestId, traceId: toldTrace(exchange) },
      'a webhook was refused: forged, too old or unreadable',
    );
    throw new HttpError(400, error.code, error.message);
  }
}
