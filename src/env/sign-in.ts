/** Who else may say who somebody is. */
import { z } from 'zod';
import { text, url } from './values.ts';

const secretOf = (name: string) => text.optional().describe(`The secret that belongs to ${name}.`);

/** A provider beside us may be reached without TLS, as in a test; any other would tell passers-by who signs in. */
const issuer = url('https', 'http').refine(
  (value) =>
    new URL(value).protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(new URL(value).hostname),
  'must be an https:// URL',
);

export const signInVariables = {
  SIGN_UP: z
    .enum(['by-mail', 'at-once'], 'must be by-mail or at-once')
    .optional()
    .describe(
      'by-mail makes an account when the code that was mailed comes back, and tells nobody whether an e-mail has one; at-once tells it. (Default: by-mail with SMTP_URL, at-once without)',
    ),
  OIDC_ISSUER: issuer
    .optional()
    .describe(
      'An OpenID Connect provider, by its issuer URL; its redirect URL is PUBLIC_URL/auth/oidc/callback. (Default: none)',
    ),
  OIDC_NAME: text.prefault('OpenID').describe('What the button for it says.'),
  OIDC_CLIENT_ID: text.optional().describe('What the provider calls this shop.'),
  OIDC_CLIENT_SECRET: secretOf('OIDC_CLIENT_ID'),
  GOOGLE_CLIENT_ID: text
    .optional()
    .describe('Sign-in by Google; its redirect URL is PUBLIC_URL/auth/google/callback. (Default: none)'),
  GOOGLE_CLIENT_SECRET: secretOf('GOOGLE_CLIENT_ID'),
  GITHUB_CLIENT_ID: text
    .optional()
    .describe('Sign-in by GitHub; its redirect URL is PUBLIC_URL/auth/github/callback. (Default: none)'),
  GITHUB_CLIENT_SECRET: secretOf('GITHUB_CLIENT_ID'),
};

/** What has to be said with what. */
export const SIGN_IN_PAIRS: readonly [string, readonly string[]][] = [
  ['OIDC_ISSUER', ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET']],
  ['GOOGLE_CLIENT_ID', ['GOOGLE_CLIENT_SECRET']],
  ['GITHUB_CLIENT_ID', ['GITHUB_CLIENT_SECRET']],
];

export const SIGN_IN_SECRETS = ['OIDC_CLIENT_SECRET', 'GOOGLE_CLIENT_SECRET', 'GITHUB_CLIENT_SECRET'] as const;
