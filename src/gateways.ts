/**
 * The payment provider that is configured: what the worker asks, and how the api role reads its webhooks.
 *
 * Payments remember the gateway they were made at; after a change of PAYMENT_GATEWAY, those of the other one cannot be
 * refunded from here.
 */
import { join } from 'node:path';
import type { Platform } from './assemble.ts';
import { publicUrl } from './env.ts';
import type { NoticeReader } from './ports/payments/notices.ts';
import type { PaymentProvider } from './ports/payments/provider.ts';
import { createSandboxNoticeReader, sandboxNoticeSecret } from './ports/payments/sandbox/notices.ts';
import { openSharedSandbox } from './ports/payments/sandbox/shared.ts';
import { createStripeNoticeReader } from './ports/payments/stripe/notices.ts';
import { createStripeGateway } from './ports/payments/stripe/stripe.ts';

export async function openGateway(platform: Platform): Promise<PaymentProvider & { stop(): Promise<void> }> {
  const { env, log, secret } = platform;
  const shop = publicUrl(env);
  if (env.PAYMENT_GATEWAY === 'stripe') {
    const gateway = createStripeGateway({
      secretKey: env.STRIPE_SECRET_KEY ?? '',
      apiBase: env.STRIPE_API_BASE,
      returnUrl: `${shop}/app`,
    });
    return { ...gateway, stop: async () => {} };
  }
  const notices = { url: `${shop}/webhooks/payments/sandbox`, secret: sandboxNoticeSecret(secret) };
  return openSharedSandbox({ booksPath: join(env.DATA_DIR, 'gateway'), log, notices });
}

export function noticeReader({ env, secret }: Platform): NoticeReader {
  return env.PAYMENT_GATEWAY === 'stripe'
    ? createStripeNoticeReader((env.STRIPE_WEBHOOK_SECRET ?? '').split(','))
    : createSandboxNoticeReader(sandboxNoticeSecret(secret));
}
