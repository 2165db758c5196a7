/**
 * GitHub: OAuth 2 without OpenID Connect. Who it was, and which e-mail is theirs, are asked of its API.
 */
import * as client from 'openid-client';
import { z } from 'zod';
import { retold } from './failures.ts';
import type { IdentityProvider } from './provider.ts';

const TIMEOUT_SECONDS = 10;

export interface GithubOptions {
  clientId: string;
  clientSecret: string;
  /** (Default: https://github.com) */
  webUrl?: string;
  /** (Default: https://api.github.com) */
  apiUrl?: string;
}

const userSchema = z.object({ id: z.number(), login: z.string(), name: z.string().nullish() });
const emailsSchema = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

export function createGithubProvider(options: GithubOptions): IdentityProvider {
  const { webUrl = 'https://github.com', apiUrl = 'https://api.github.com' } = options;
  const server = {
    issuer: webUrl,
    authorization_endpoint: `${webUrl}/login/oauth/authorize`,
    token_endpoint: `${webUrl}/login/oauth/access_token`,
  };
  const configuration = new client.Configuration(
    server,
    options.clientId,
    undefined,
    client.ClientSecretPost(options.clientSecret),
  );
  configuration.timeout = TIMEOUT_SECONDS;
  if (webUrl.startsWith('http:')) client.allowInsecureRequests(configuration);

  async function ask<Answer>(path: string, token: string, schema: z.ZodType<Answer>): Promise<Answer> {
    const headers = new Headers({ accept: 'application/vnd.github+json', 'user-agent': 'booky-hub' });
    const url = new URL(`${apiUrl}${path}`);
    const response = await client.fetchProtectedResource(configuration, token, url, 'GET', null, headers);
    if (!response.ok) throw new Error(`${path} was answered ${response.status}`);
    return schema.parse(await response.json());
  }

  return {
    id: 'github',
    name: 'GitHub',
    begin: async (redirectUri) => {
      const kept = { state: client.randomState(), nonce: '', codeVerifier: client.randomPKCECodeVerifier() };
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'read:user user:email',
        state: kept.state,
        code_challenge: await client.calculatePKCECodeChallenge(kept.codeVerifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, kept };
    },
    finish: async (callback, { state, codeVerifier }) => {
      try {
        const checks = { expectedState: state, pkceCodeVerifier: codeVerifier };
        const { access_token: token } = await client.authorizationCodeGrant(configuration, callback, checks);
        const [user, emails] = await Promise.all([
          ask('/user', token, userSchema),
          ask('/user/emails', token, emailsSchema),
        ]);
        const email = emails.find(({ primary }) => primary);
        return {
          issuer: webUrl,
          subject: String(user.id),
          email: email?.email ?? null,
          isEmailVerified: email?.verified ?? false,
          name: user.name ?? user.login,
        };
      } catch (error) {
        throw retold(error);
      }
    },
  };
}
