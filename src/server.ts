/**
 * The api role: everything that is reached by HTTP, on one port.
 *
 *     /graphql        GraphQL by POST, GET (queries), server-sent events and WebSockets; GraphiQL for a browser
 *     /uploads/FILE   signed PUT           /downloads/RIGHT  signed GET        /covers/REVISION/…   public
 *     /app            the shop page        /healthz, /readyz                   probes
 *
 * Promise: every body has a limit, every answer a requestId that the log knows, and no answer tells of SQL or stacks.
 * Life: listening → stopping (no new connection; subscriptions end with RESUME; what runs may finish) → closed.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SchemaServices } from './schema/context.ts';
import { createSeats } from './schema/seats.ts';
import { AnonymousAnswers } from './server/anonymous-answers.ts';
import { createBudget } from './server/budget.ts';
import { answerCors } from './server/cors.ts';
import { type EventLane, openEventLane } from './server/event-lane.ts';
import { serveCovers, serveDownloads, serveUploads } from './server/files.ts';
import { serveGraphiql, wantsPage } from './server/graphiql.ts';
import { createGraphqlServer, GRAPHQL_PATH, type GraphqlServer, refuseForms } from './server/graphql.ts';
import { baseHeaders, type Exchange, HttpError, parseTarget, readBody, type Route, sendError } from './server/http.ts';
import { servePages } from './server/pages.ts';
import { healthz, readyz } from './server/probes.ts';
import { openRequestLane, type RequestLane } from './server/request-lane.ts';
import { openSockets } from './server/sockets.ts';

const STOP_TIMEOUT_MS = 10_000;
const FAREWELL_MS = 1_000;
/** A slow upload may take this long; a header that never ends may not. */
const REQUEST_TIMEOUT_MS = 30 * 60_000;
const HEADERS_TIMEOUT_MS = 20_000;

export interface ServerOptions {
  /** Made when the port is known, which port 0 leaves open until then. */
  services: (port: number) => SchemaServices;
  redis: { ping(): Promise<string> };
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Origins whose pages may call the API, such as `https://shop.example.org`. */
  corsOrigins: readonly string[];
  /** Names the class of unexpected errors in answers. */
  development: boolean;
  /** The page at /app. (Default: src/web/public) */
  pagesFolder?: string;
}

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:4000`. */
  url: string;
  port: number;
  /** Subscriptions that are open now. */
  subscriptionCount(): number;
  /** Stops within `timeoutMs`. (Default: 10,000 ms) */
  stop(timeoutMs?: number): Promise<void>;
}

/** @throws the system's error when the port cannot be taken */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS });
  const port = await listen(server, options);
  const services = options.services(port);
  const stopping = new AbortController();
  const seats = createSeats(services.limits.subscriptionsMax);
  const { development, redis } = options;
  const { limits, log } = services;
  const teller = { log, development };
  const budget = createBudget(limits.costPerMinuteMax, services.clock);
  const answers = new AnonymousAnswers({ keptMs: limits.anonymousAnswersMs, budget });
  const committed = () => answers.forget();
  const graphql = createGraphqlServer({ services, seats, stopping: stopping.signal, development, budget, committed });
  const lanes = {
    events: openEventLane(graphql, teller),
    requests: openRequestLane({ graphql, teller, tokensMax: limits.tokensMax, answers }),
  };
  const origins = new Set([...options.corsOrigins, new URL(services.publicUrl).origin]);
  const routes = {
    '': home,
    graphql: serveGraphql(graphql, lanes, limits.bodyBytesMax),
    uploads: serveUploads(services),
    downloads: serveDownloads(services),
    covers: serveCovers(services),
    app: servePages(options.pagesFolder),
    healthz,
    readyz: readyz({ db: services.db, redis, log, stopping: stopping.signal }),
  };
  const routeOf = new Map<string, Route>(Object.entries(routes));
  server.on('request', (request, response) => void answer({ request, response, routeOf, origins, services }));
  const sockets = openSockets({
    server,
    graphql,
    limits,
    teller,
    allows: ({ headers }) => headers.origin === undefined || origins.has(headers.origin) || isOwn(headers),
  });
  let stopped: Promise<void> | undefined;
  const stop = async (timeoutMs: number) => {
    stopping.abort();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const farewellEndsMs = performance.now() + Math.min(FAREWELL_MS, timeoutMs);
    while (seats.taken > 0 && performance.now() < farewellEndsMs) await delay(10);
    await sockets.close();
    server.closeIdleConnections();
    await Promise.race([closed, delay(timeoutMs, undefined, { ref: false })]);
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    subscriptionCount: () => seats.taken,
    stop: (timeoutMs = STOP_TIMEOUT_MS) => (stopped ??= stop(timeoutMs)),
  };
}

async function listen(server: Server, { host, port }: ServerOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
  server.off('error', reject);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port');
  return address.port;
}

interface Incoming {
  request: IncomingMessage;
  response: ServerResponse;
  routeOf: ReadonlyMap<string, Route>;
  origins: ReadonlySet<string>;
  services: SchemaServices;
}

async function answer({ request, response, routeOf, origins, services }: Incoming): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-request-id', requestId);
  for (const [name, value] of Object.entries(baseHeaders)) response.setHeader(name, value);
  try {
    const url = parseTarget(request.url);
    if (!url) throw new HttpError(400, 'BAD_ADDRESS', `This is no address. The API is at ${GRAPHQL_PATH}.`);
    const exchange = { request, response, url, requestId, address: request.socket.remoteAddress ?? 'unknown' };
    if (answerCors(exchange, origins)) return;
    const route = routeOf.get(url.pathname.split('/')[1] ?? '');
    if (!route) throw new HttpError(404, 'NOT_FOUND', `There is nothing here. The API is at ${GRAPHQL_PATH}.`);
    await route(exchange);
  } catch (error) {
    if (error instanceof HttpError) return sendError(response, error, requestId);
    // A reader who went away in the middle is no fault of ours.
    if (response.destroyed || request.destroyed) return;
    services.log.error({ requestId, err: error, path: request.url?.split('?')[0] }, 'a request failed unexpectedly');
    sendError(
      response,
      new HttpError(500, 'INTERNAL', 'Something went wrong on our side. Quote the requestId.'),
      requestId,
    );
  }
}

/** Anyone who opens the address itself is shown the shop. */
const home: Route = ({ url, response }) => {
  if (url.pathname !== '/') throw new HttpError(404, 'NOT_FOUND', 'There is nothing here.');
  response.writeHead(302, { location: '/app' }).end();
};

interface Lanes {
  events: EventLane;
  requests: RequestLane;
}

function serveGraphql(graphql: GraphqlServer, { events, requests }: Lanes, bodyBytesMax: number): Route {
  const page = serveGraphiql();
  return async (exchange: Exchange) => {
    if (wantsPage(exchange)) return page(exchange);
    const { request, response, requestId, address } = exchange;
    const { headers } = request;
    let body: string | null = null;
    if (request.method === 'POST') {
      refuseForms(headers['content-type'], headers['x-booky-hub']);
      body = (await readBody(request, bodyBytesMax)).toString();
      if (body === '') throw new HttpError(400, 'BODY_EMPTY', 'Send `{ "query": "…" }`.');
    }
    const caller = {
      requestId,
      address,
      authorization: headers.authorization ?? null,
      lastEventId: headers['last-event-id']?.toString() ?? null,
    };
    if (events.wants(request) && (await events.serve(exchange, caller, body))) return;
    if (body !== null && (await requests.serve(exchange, caller, body))) return;
    // Yoga takes a body that was read before it from here.
    if (body !== null) Object.assign(request, { body });
    await graphql(request, response, caller);
  };
}

/** A page that we served ourselves, whatever name we were reached by. */
function isOwn({ origin, host }: IncomingMessage['headers']): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
