/**
 * OpenID Connect: any issuer that has a discovery document, by the authorization code flow with PKCE, state and nonce.
 *
 * The discovery document is read when it is first needed and kept for an hour; what could not be read is asked for again.
 */
import * as client from 'openid-client';
import { z } from 'zod';
import { retold } from './failures.ts';
import type { Identity, IdentityProvider } from './provider.ts';

const TIMEOUT_SECONDS = 10;
const DISCOVERED_MS = 3_600_000;

export interface OpenIdOptions {
  id: string;
  name: string;
  /** Its `/.well-known/openid-configuration` tells the rest. */
  issuer: string;
  clientId: string;
  clientSecret: string;
  now: () => Date;
}

const claimsSchema = z.object({
  email: z.string().optional(),
  // Some send it as a text.
  email_verified: z.union([z.boolean(), z.enum(['true', 'false'])]).optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
});

export function createOpenIdProvider(options: OpenIdOptions): IdentityProvider {
  const { id, name, now } = options;
  let known: { configuration: Promise<client.Configuration>; untilMs: number } | null = null;

  function configured(): Promise<client.Configuration> {
    if (known && now().getTime() < known.untilMs) return known.configuration;
    const configuration = discover(options);
    known = { configuration, untilMs: now().getTime() + DISCOVERED_MS };
    configuration.catch(() => {
      if (known?.configuration === configuration) known = null;
    });
    return configuration;
  }

  return {
    id,
    name,
    begin: async (redirectUri) => {
      const configuration = await configured().catch(rethrow);
      const kept = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        codeVerifier: client.randomPKCECodeVerifier(),
      };
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(kept.codeVerifier),
        code_challenge_method: 'S256',
      });
      return { url: url.href, kept };
    },
    finish: async (callback, { state, nonce, codeVerifier }) => {
      const configuration = await configured().catch(rethrow);
      const tokens = await client
        .authorizationCodeGrant(configuration, callback, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: codeVerifier,
          idTokenExpected: true,
        })
        .catch(rethrow);
      const told = tokens.claims();
      if (!told) throw new TypeError('an ID token was expected, and there is none');
      const claims = claimsSchema.safeParse(told).data ?? {};
      const more = claims.email === undefined ? await userInfo(configuration, tokens.access_token, told.sub) : {};
      return toIdentity(told.iss, told.sub, { ...claims, ...more });
    },
  };
}

function discover({ issuer, clientId, clientSecret }: OpenIdOptions): Promise<client.Configuration> {
  const server = new URL(issuer);
  // Only for a provider beside us, as in tests: configuration refuses http elsewhere.
  const execute = server.protocol === 'http:' ? [client.allowInsecureRequests] : [];
  return client.discovery(server, clientId, clientSecret, undefined, { execute, timeout: TIMEOUT_SECONDS });
}

async function userInfo(configuration: client.Configuration, accessToken: string, subject: string) {
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return {};
  return (
    claimsSchema.safeParse(await client.fetchUserInfo(configuration, accessToken, subject).catch(rethrow)).data ?? {}
  );
}

function toIdentity(issuer: string, subject: string, claims: z.output<typeof claimsSchema>): Identity {
  return {
    issuer,
    subject,
    email: claims.email ?? null,
    isEmailVerified: claims.email_verified === true || claims.email_verified === 'true',
    name: claims.name ?? claims.preferred_username ?? null,
  };
}

function rethrow(error: unknown): never {
  throw retold(error);
}
