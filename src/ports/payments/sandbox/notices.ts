/**
 * The sandbox gateway's own webhooks: sent for what people do there (a buyer answers the bank, a dispute, a payout that
 * comes back), so that the way a provider's notice takes can be seen without a provider. Signed by the Standard Webhooks
 * specification; tried three times, then given up, as a hint may be.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { NoticeRefusedError, type NoticeReader, type PaymentNotice } from '../notices.ts';

const TRIES_MAX = 3;
const DELAY_MS = 500;
const TIMEOUT_MS = 5_000;
/** Notices on their way at once; more are dropped. */
const UNDERWAY_MAX = 100;

const noticeSchema = z.object({
  kind: z.enum(['PAYMENT', 'REFUND', 'DISPUTE', 'PAYOUT']),
  ref: z.string().min(1).max(255),
  reference: z.string().max(255).nullable(),
});
type Body = z.infer<typeof noticeSchema>;

/** The secret between the sandbox and the api role, made of the one that both have. */
export const sandboxNoticeSecret = (appSecret: string): string =>
  createHmac('sha256', appSecret).update('payment notices of the sandbox').digest('base64');

export function createSandboxNoticeReader(secret: string): NoticeReader {
  const webhook = new Webhook(secret);
  return {
    name: 'sandbox',
    readNotice(rawBody, headers): PaymentNotice {
      try {
        const id = headers['webhook-id'] ?? '';
        const signed = {
          'webhook-id': id,
          'webhook-timestamp': headers['webhook-timestamp'] ?? '',
          'webhook-signature': headers['webhook-signature'] ?? '',
        };
        return { id, ...noticeSchema.parse(webhook.verify(rawBody, signed)) };
      } catch (cause) {
        throw new NoticeRefusedError('This is not signed by our sandbox, or it is older than five minutes.', { cause });
      }
    },
  };
}

export interface NoticeSender {
  /** Sends in the background; what cannot be delivered is given up. */
  send(notice: Body): void;
  stop(): void;
}

export function createNoticeSender({ url, secret }: { url: string; secret: string }): NoticeSender {
  const webhook = new Webhook(secret);
  const stopping = new AbortController();
  let underway = 0;

  async function deliver(id: string, body: string): Promise<void> {
    for (let tries = 1; tries <= TRIES_MAX && !stopping.signal.aborted; tries += 1) {
      const sentAt = new Date();
      const answer = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        body,
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
          'webhook-signature': webhook.sign(id, sentAt, body),
        },
        signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      }).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.ok) return;
      await delay(DELAY_MS * tries, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  }

  return {
    send(notice) {
      if (underway >= UNDERWAY_MAX) return;
      underway += 1;
      void deliver(`msg_${randomUUID()}`, JSON.stringify(notice)).finally(() => {
        underway -= 1;
      });
    },
    stop: () => stopping.abort(),
  };
}
