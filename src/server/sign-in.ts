/**
 * Signing in with a browser: by somebody who vouches for it, and the cookie that keeps the session.
 *
 *     GET    /auth/PROVIDER/start?to=/app   to the provider      GET  /auth/PROVIDER/callback   and back
 *     POST   /auth/session                  a bearer token becomes a cookie
 *     DELETE /auth/session                  signs out and takes the cookie away
 *
 * Promise: what comes back from a provider counts once, within ten minutes, and only in the browser that was sent there;
 * it leads to a place of ours and nowhere else. Who has two-factor codes is sent to that place with `#two-factor=CHALLENGE`,
 * for `completeSignIn`.
 */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { BEGUN_SIGN_IN_MS } from '../accounts/accounts.ts';
import { isApiKey } from '../accounts/api-keys.ts';
import { IdentityEmailTaken, IdentityEmailUnproven, TooManyAttempts, TwoFactorRequired } from '../accounts/errors.ts';
import { seal, SealBroken, type SealedFor, unseal } from '../accounts/sealing.ts';
import {
  IdentityInvalidError,
  type IdentityProvider,
  IdentityRefusedError,
  IdentityUnavailableError,
} from '../ports/identity/provider.ts';
import type { SchemaServices } from '../schema/context.ts';
import { credentialIn } from './credential.ts';
import { allowMethods, type Exchange, HttpError, type Route } from './http.ts';
import { cookie, type Cookies, sessionCookie } from './session-cookie.ts';
import { toldTrace } from './trace.ts';

const PATH_CHARS_MAX = 500;
const SHOP = '/app';
const OVER = 'This sign-in is over, or was begun in another browser. Begin it again.';
/** Of the browser that holds it: who that is, nobody knows yet. */
const SEALED_FOR: SealedFor = { purpose: 'begun sign-in', ownerId: '' };

type Services = Pick<SchemaServices, 'auth' | 'clock' | 'identityProviders' | 'publicUrl' | 'signing' | 'log'>;

const keptSchema = z.object({
  providerId: z.string(),
  to: z.string(),
  expiresAtMs: z.number(),
  state: z.string(),
  nonce: z.string(),
  codeVerifier: z.string(),
});

interface Desk extends Services {
  session: Cookies;
  kept: Cookies;
}

/** `/auth/…` */
export function serveSignIn(services: Services): Route {
  const { publicUrl } = services;
  const desk = { ...services, session: sessionCookie(publicUrl), kept: cookie('booky-hub-sign-in', publicUrl) };
  const providers = new Map(services.identityProviders.map((provider) => [provider.id, provider]));
  return async (exchange) => {
    exchange.response.setHeader('cache-control', 'no-store');
    const [, , first = '', step = ''] = exchange.url.pathname.split('/');
    if (first === 'session' && step === '') return keepSession(exchange, desk);
    const provider = providers.get(first);
    if (provider && step === 'start') return start(exchange, provider, desk);
    if (provider && step === 'callback') return finish(exchange, provider, desk);
    throw new HttpError(404, 'NOT_FOUND', 'There is no such way to sign in. `signInMethods` lists those there are.');
  };
}

async function keepSession(exchange: Exchange, { auth, session, clock }: Desk): Promise<void> {
  allowMethods(exchange, 'POST', 'DELETE');
  const { request, response } = exchange;
  if (request.method === 'DELETE') {
    const token = session.read(request.headers);
    if (token !== null) await auth.signOut(token);
    session.write(response, '', 0);
  } else {
    const token = credentialIn(request.headers.authorization);
    const open = token === null || isApiKey(token) ? null : await auth.sessionOf(token);
    if (!open)
      throw new HttpError(401, 'UNAUTHENTICATED', 'Send the token of a session: `Authorization: Bearer TOKEN`.');
    session.write(response, open.token, open.expiresAt.getTime() - clock.now().getTime());
  }
  response.writeHead(204).end();
}

const callbackUrl = (publicUrl: string, provider: IdentityProvider) => `${publicUrl}/auth/${provider.id}/callback`;

async function start(exchange: Exchange, provider: IdentityProvider, desk: Desk): Promise<void> {
  allowMethods(exchange, 'GET');
  const { response, url } = exchange;
  const { publicUrl, clock, kept, signing } = desk;
  const begun = await provider.begin(callbackUrl(publicUrl, provider)).catch((error: unknown) => {
    const { requestId } = exchange;
    desk.log.warn({ requestId, traceId: toldTrace(exchange), err: error }, 'an identity provider does not answer');
    throw new HttpError(503, 'UNAVAILABLE', `${provider.name} does not answer. Try again, or sign in another way.`);
  });
  const to = placeOfOurs(url.searchParams.get('to'), publicUrl);
  const expiresAtMs = clock.now().getTime() + BEGUN_SIGN_IN_MS;
  const content = JSON.stringify({ providerId: provider.id, to, expiresAtMs, ...begun.kept });
  kept.write(response, seal(secretsOf(signing)[0] ?? '', SEALED_FOR, content), BEGUN_SIGN_IN_MS);
  response.writeHead(303, { location: begun.url }).end();
}

async function finish(exchange: Exchange, provider: IdentityProvider, desk: Desk): Promise<void> {
  allowMethods(exchange, 'GET');
  const { request, response, url, address, requestId } = exchange;
  const { publicUrl, clock, auth, session } = desk;
  const kept = readKept(desk, desk.kept.read(request.headers));
  // Whatever comes of it, it is used up.
  desk.kept.write(response, '', 0);
  if (kept === null || kept.providerId !== provider.id || kept.expiresAtMs < clock.now().getTime()) {
    return refuse(response, 400, OVER);
  }
  const callback = new URL(callbackUrl(publicUrl, provider));
  callback.search = url.search;
  try {
    // A copy of the cookie is worth nothing either: the provider is not asked twice for one sign-in.
    if (!(await auth.useBegunSignIn({ state: kept.state, address }))) return refuse(response, 400, OVER);
    const signedIn = await auth.signInWithIdentity(await provider.finish(callback, kept));
    session.write(response, signedIn.token, signedIn.expiresAt.getTime() - clock.now().getTime());
    response.writeHead(303, { location: kept.to }).end();
  } catch (error) {
    if (error instanceof TwoFactorRequired) {
      response.writeHead(303, { location: `${kept.to}#two-factor=${error.challenge}` }).end();
      return;
    }
    desk.log.info(
      { requestId, traceId: toldTrace(exchange), err: error },
      'a sign-in by an identity provider was refused',
    );
    const [status, text] = wordRefusal(error, provider);
    refuse(response, status, text);
  }
}

/** @throws what is no refusal */
function wordRefusal(error: unknown, { name }: IdentityProvider): [number, string] {
  if (error instanceof IdentityEmailUnproven || error instanceof IdentityEmailTaken) return [403, error.message];
  if (error instanceof TooManyAttempts) return [429, error.message];
  if (error instanceof IdentityRefusedError) return [403, `${name} did not sign you in. Nothing was changed.`];
  if (error instanceof IdentityInvalidError) return [400, `What ${name} sent does not fit. Begin the sign-in again.`];
  if (error instanceof IdentityUnavailableError) return [503, `${name} does not answer. Try again in a minute.`];
  throw error;
}

function readKept({ signing }: Services, sealed: string | null) {
  if (sealed === null) return null;
  try {
    return keptSchema.parse(JSON.parse(unseal(secretsOf(signing), SEALED_FOR, sealed)));
  } catch (error) {
    if (error instanceof SealBroken || error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}

const secretsOf = ({ secrets }: Services['signing']): readonly string[] =>
  typeof secrets === 'string' ? [secrets] : secrets;

/** A path of ours; anything else leads to the shop. */
function placeOfOurs(asked: string | null, publicUrl: string): string {
  if (asked === null || asked.length > PATH_CHARS_MAX || !/^\/(?![/\\])[\w\-./?=&%]*$/.test(asked)) return SHOP;
  const { origin, pathname, search } = new URL(asked, publicUrl);
  // What is left of `/.//host` without its dots names a host.
  const isOurs = origin === new URL(publicUrl).origin && !pathname.startsWith('//');
  return isOurs ? pathname + search : SHOP;
}

/** A page without style or script; its texts are ours. */
function refuse(response: ServerResponse, status: number, text: string): void {
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not signed in</title><h1>Not signed in</h1><p>${escaped(text)}</p><p><a href="${SHOP}">Back to the shop</a></p></html>`;
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(page);
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (letter) => ESCAPES[letter] ?? letter);
