/** A real OpenID provider on loopback, whose people sign in by naming themselves. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Provider } from 'oidc-provider';

export interface Vouched {
  email?: string;
  email_verified?: boolean;
  name?: string;
}

export interface OpenIdStandIn {
  issuer: string;
  /** Who may sign in there, by the name that they type. */
  people: Map<string, Vouched>;
  /** How often it was asked to turn a code into tokens. */
  exchangeCount(): number;
  stop(): Promise<void>;
}

export interface StandInOptions {
  /** To a browser, localhost and 127.0.0.1 are two sites. (Default: localhost) */
  host?: string;
  port: number;
  redirectUri: string;
}

export const CLIENT = { id: 'the-shop', secret: 'a secret between the shop and its provider' };

export async function startOpenIdProvider(options: StandInOptions): Promise<OpenIdStandIn> {
  const { host = 'localhost', port } = options;
  const issuer = `http://${host}:${port}`;
  const people = new Map<string, Vouched>();
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [options.redirectUri] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_context, name) => ({ accountId: name, claims: () => ({ sub: name, ...people.get(name) }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['a key of the test'] },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  const oidc = provider.callback();
  let exchanges = 0;
  const server = createServer((request, response) => {
    if (request.url === '/token') exchanges += 1;
    if (request.url?.startsWith('/interaction/') !== true) return void oidc(request, response);
    void (request.method === 'POST' ? letIn(provider, request, response) : ask(response));
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return {
    issuer,
    people,
    exchangeCount: () => exchanges,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function ask(response: ServerResponse): void {
  const form = '<form method="post"><label>Name <input name="name"></label><button>Sign in</button></form>';
  response
    .writeHead(200, { 'content-type': 'text/html' })
    .end(`<!doctype html><title>Provider</title><link rel="icon" href="data:,">${form}`);
}

async function letIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const accountId = new URLSearchParams(await text(request)).get('name') ?? '';
  if (accountId === '') {
    await provider.interactionFinished(request, response, { error: 'access_denied' });
    return;
  }
  const grant = new provider.Grant({ accountId, clientId: CLIENT.id });
  grant.addOIDCScope('openid email profile');
  const consent = { grantId: await grant.save() };
  await provider.interactionFinished(request, response, { login: { accountId }, consent });
}
