/**
 * The providers that are configured: of payments, for the worker and for reading their webhooks, and of identities.
 *
 * Payments remember the gateway they were made at; after a change of PAYMENT_GATEWAY, those of the other one cannot be
 * refunded from here.
 */
import { join } from 'node:path';
import type { Platform } from './assemble.ts';
import { publicUrl } from './env.ts';
import { createGithubProvider } from './ports/identity/github.ts';
import { createOpenIdProvider } from './ports/identity/openid.ts';
import type { IdentityProvider } from './ports/identity/provider.ts';
import type { NoticeReader } from './ports/payments/notices.ts';
import type { PaymentProvider } from './ports/payments/provider.ts';
import { createSandboxNoticeReader, sandboxNoticeSecret } from './ports/payments/sandbox/notices.ts';
import { openSharedSandbox } from './ports/payments/sandbox/shared.ts';

export async function openGateway(platform: Platform): Promise<PaymentProvider & { stop(): Promise<void> }> {
  const { env, log, secret } = platform;
  const shop = publicUrl(env);
  if (env.PAYMENT_GATEWAY === 'stripe') {
    const { createStripeGateway } = await import('./ports/payments/stripe/stripe.ts');
    const gateway = createStripeGateway({
      secretKey: env.STRIPE_SECRET_KEY ?? '',
      apiBase: env.STRIPE_API_BASE,
      booksAfter: env.STRIPE_BOOKS_AFTER,
      returnUrl: `${shop}/app`,
    });
    return { ...gateway, stop: async () => {} };
  }
  const notices = { url: `${shop}/webhooks/payments/sandbox`, secret: sandboxNoticeSecret(secret) };
  return openSharedSandbox({ booksPath: join(env.DATA_DIR, 'gateway'), log, notices });
}

export async function openNoticeReader({ env, secret }: Platform): Promise<NoticeReader> {
  if (env.PAYMENT_GATEWAY !== 'stripe') return createSandboxNoticeReader(sandboxNoticeSecret(secret));
  const { createStripeNoticeReader } = await import('./ports/payments/stripe/notices.ts');
  return createStripeNoticeReader((env.STRIPE_WEBHOOK_SECRET ?? '').split(','));
}

/** @param now for how long what a provider told of itself is kept */
export function identityProviders({ env }: Pick<Platform, 'env'>, now: () => Date): IdentityProvider[] {
  const openId = (id: string, name: string, issuer?: string, clientId?: string, clientSecret?: string) =>
    issuer !== undefined && clientId !== undefined && clientSecret !== undefined
      ? [createOpenIdProvider({ id, name, issuer, clientId, clientSecret, now })]
      : [];
  const { GITHUB_CLIENT_ID: githubId, GITHUB_CLIENT_SECRET: githubSecret } = env;
  const google = env.GOOGLE_CLIENT_ID === undefined ? undefined : 'https://accounts.google.com';
  return [
    ...openId('oidc', env.OIDC_NAME, env.OIDC_ISSUER, env.OIDC_CLIENT_ID, env.OIDC_CLIENT_SECRET),
    ...openId('google', 'Google', google, env.GOOGLE_CLIENT_ID, env.GOOGLE_CLIENT_SECRET),
    ...(githubId !== undefined && githubSecret !== undefined
      ? [createGithubProvider({ clientId: githubId, clientSecret: githubSecret })]
      : []),
  ];
}
