/**
 * The api role: everything that is reached by HTTP, on one port.
 *
 *     /graphql        GraphQL by POST, GET (queries), server-sent events and WebSockets; GraphiQL for a browser
 *     /uploads/FILE   signed PUT           /downloads/RIGHT  signed GET        /covers/REVISION/…   public
 *     /samples/REVISION, /reading/RIGHT    a chapter as a page, by a signed GET
 *     /app            the shop page        /healthz, /readyz                   probes
 *     /webhooks/payments/GATEWAY           what the payment provider tells us
 *     /auth/…         sign-in by a provider, and the session's cookie
 *
 * Promise: every body has a limit, every answer a requestId that the log knows, and no answer tells of SQL or stacks.
 * Life: listening → stopping (no new connection; subscriptions end with RESUME; what runs may finish) → closed.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { SchemaServices } from './schema/context.ts';
import { createSeats } from './schema/seats.ts';
import { callerAddress } from './server/address.ts';
import { SharedAnswers } from './server/shared-answers.ts';
import { type Bucket, createBudget } from './server/budget.ts';
import { answerCors } from './server/cors.ts';
import { type EventLane, openEventLane } from './server/event-lane.ts';
import { serveReceipts } from './server/receipts.ts';
import { serveCovers, serveDownloads, serveUploads } from './server/files.ts';
import { ChapterShelf } from './server/chapter-shelf.ts';
import { serveReading, serveSamples } from './server/reading.ts';
import { serveStatements } from './server/statements.ts';
import { serveGraphiql, wantsPage } from './server/graphiql.ts';
import { allowsOrigin, isForm, refuseForgery, refuseForms } from './server/forgery.ts';
import { createGraphqlServer, GRAPHQL_PATH, type GraphqlServer } from './server/graphql.ts';
import { securityHeaders } from './server/headers.ts';
import {
  type BodyLimit,
  type Exchange,
  HttpError,
  parseTarget,
  readBody,
  refuseFaultyJson,
  type Route,
  sendError,
} from './server/http.ts';
import { fillAddress, fillBody, type Operations } from './server/operations.ts';
import { servePages } from './server/pages.ts';
import { healthz, readyz } from './server/probes.ts';
import { openRequestLane, type RequestLane } from './server/request-lane.ts';
import { authorizationOf, type Cookies, sessionCookie } from './server/session-cookie.ts';
import { serveSignIn } from './server/sign-in.ts';
import { openSockets } from './server/sockets.ts';
import { toldTrace, traceIn } from './server/trace.ts';
import { serveWebhooks } from './server/webhooks.ts';
import type { Log } from './streams/log.ts';

/** Media types in a request's Accept. */
const ACCEPTED_MAX = 20;
const STOP_TIMEOUT_MS = 10_000;
const FAREWELL_MS = 1_000;
/** A slow upload may take this long. */
const REQUEST_TIMEOUT_MS = 30 * 60_000;
/** How often it is looked for requests that are too slow. */
const CHECK_EVERY_MS = 5_000;
/** Whoever needs longer than this holds a place of others: for a request's head, a GraphQL body, a socket's first word. */
const PATIENCE_MS = { head: 20_000, body: 20_000, init: 5_000 };

export interface ServerOptions {
  /** Made when the port is known, which port 0 leaves open until then. */
  services: (port: number) => SchemaServices;
  redis: { ping(): Promise<string> };
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Origins whose pages may call the API, such as `https://shop.example.org`. */
  corsOrigins: readonly string[];
  /** Proxies of ours before it, whose X-Forwarded-For is believed. (Default: 0) */
  trustedHops?: number;
  /** How long is waited for callers who are slow. (Default: `PATIENCE_MS`) */
  patienceMs?: typeof PATIENCE_MS;
  /** What callers may spend, shared with other processes. (Default: this process counts alone) */
  bucket?: Bucket;
  /** Whether callers may ask for the schema. (Default: true) */
  introspection?: boolean;
  /** (Default: any operation may be sent, by its text) */
  operations?: Operations;
  /** Names the class of unexpected errors in answers. */
  development: boolean;
  /** Where books lie while a chapter is read. (Default: the system's folder for temporary files) */
  scratchDir?: string;
  /** The built pages at /app and /workbench; without them there is no such address. */
  shopFolder?: string;
  workbenchFolder?: string;
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
  const patience = options.patienceMs ?? PATIENCE_MS;
  const server = createServer({
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: patience.head,
    connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, patience.head),
  });
  const port = await listen(server, options);
  const services = options.services(port);
  const stopping = new AbortController();
  const seats = createSeats(services.limits.subscriptionsMax);
  const { development, redis } = options;
  const { limits, log } = services;
  const teller = { log, development };
  const budget = createBudget(limits.costPerMinuteMax, services.clock, options.bucket);
  const answers = new SharedAnswers({ keptMs: limits.sharedAnswersMs, budget });
  const committed = () => answers.forget();
  const graphql = createGraphqlServer({
    services,
    seats,
    stopping: stopping.signal,
    development,
    budget,
    committed,
    introspection: options.introspection,
    operations: options.operations,
  });
  const lanes = {
    events: openEventLane(graphql, teller),
    requests: openRequestLane({
      graphql,
      teller,
      answers,
      accounts: services.auth,
      purseOf: (accountId) => ({ max: limits.costPerMinuteMax, left: budget.left(accountId) }),
    }),
  };
  const { storage, clock } = services;
  const scratchDir = options.scratchDir ?? tmpdir();
  const shelf = new ChapterShelf({ storage, scratchDir, clock, log, stopping: stopping.signal });
  const reading = { services, shelf, budget, origins: options.corsOrigins };
  const origins = new Set([...options.corsOrigins, new URL(services.publicUrl).origin]);
  const routes = {
    '': home,
    graphql: serveGraphql(graphql, lanes, options.operations, {
      session: sessionCookie(services.publicUrl),
      bytesMax: limits.bodyBytesMax,
      timeoutMs: patience.body,
    }),
    uploads: serveUploads(services),
    downloads: serveDownloads(services),
    statements: serveStatements(services),
    covers: serveCovers(services),
    receipts: serveReceipts(services),
    samples: serveSamples(reading),
    reading: serveReading(reading),
    webhooks: serveWebhooks(services),
    auth: serveSignIn(services),
    ...(options.shopFolder !== undefined && { app: servePages('app', options.shopFolder) }),
    ...(options.workbenchFolder !== undefined && { workbench: servePages('workbench', options.workbenchFolder) }),
    healthz,
    readyz: readyz({ db: services.db, redis, log, stopping: stopping.signal }),
  };
  const routeOf = new Map<string, Route>(Object.entries(routes));
  const hops = options.trustedHops ?? 0;
  const headers = securityHeaders(services.publicUrl);
  const door = { routeOf, origins, headers, hops, log };
  server.on('request', (request, response) => void answer(request, response, door));
  const sockets = openSockets({
    server,
    graphql,
    limits,
    teller,
    operations: options.operations,
    allows: (request) => allowsOrigin(request.headers, origins),
    addressOf: (request) => callerAddress(request, hops),
    initWaitMs: patience.init,
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

/** What every request passes, whatever it is for. */
interface Door {
  routeOf: ReadonlyMap<string, Route>;
  origins: ReadonlySet<string>;
  headers: Map<string, string>;
  hops: number;
  log: Log;
}

async function answer(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  const requestId = randomUUID();
  const traceId = traceIn(request.headers['traceparent']);
  response.setHeaders(door.headers);
  response.setHeader('x-request-id', requestId);
  try {
    const url = parseTarget(request.url);
    if (!url) throw new HttpError(400, 'BAD_ADDRESS', `This is no address. The API is at ${GRAPHQL_PATH}.`);
    const exchange = { request, response, url, requestId, traceId, address: callerAddress(request, door.hops) };
    if (answerCors(exchange, door.origins)) return;
    const place = url.pathname.split('/')[1] ?? '';
    refuseForgery(request, door.origins, `/${place}` === GRAPHQL_PATH);
    const route = door.routeOf.get(place);
    if (!route) throw new HttpError(404, 'NOT_FOUND', `There is nothing here. The API is at ${GRAPHQL_PATH}.`);
    await route(exchange);
  } catch (error) {
    if (error instanceof HttpError) return sendError(response, error, requestId);
    // A reader who went away in the middle is no fault of ours.
    if (response.destroyed || request.destroyed) return;
    const path = request.url?.split('?')[0];
    door.log.error(
      { requestId, traceId: toldTrace({ requestId, traceId }), err: error, path },
      'a request failed unexpectedly',
    );
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

function serveGraphql(
  graphql: GraphqlServer,
  { events, requests }: Lanes,
  operations: Operations | undefined,
  { session, ...bodyLimit }: BodyLimit & { session: Cookies },
): Route {
  const page = serveGraphiql();
  return async (asked: Exchange) => {
    if (wantsPage(asked)) return page(asked);
    const { request, response, requestId, traceId, address } = asked;
    const { headers } = request;
    // Yoga tells who accepts nothing of ours what there is, once for each type that was asked for.
    if ((headers.accept ?? '').split(',').length > ACCEPTED_MAX) {
      throw new HttpError(406, 'NOT_ACCEPTABLE', 'Accept `application/json` or `text/event-stream`.');
    }
    let body: string | null = null;
    if (request.method === 'POST') {
      refuseForms(headers);
      body = (await readBody(request, bodyLimit)).toString();
      if (body === '') throw new HttpError(400, 'BODY_EMPTY', 'Send `{ "query": "…" }`.');
      if (isForm(headers)) refuseFaultyJson(new URLSearchParams(body));
      if (operations) body = fillBody(operations, body);
    } else refuseFaultyJson(asked.url.searchParams);
    const url = operations ? fillAddress(operations, asked.url) : asked.url;
    // Yoga reads the address from the request itself.
    if (url !== asked.url) request.url = url.pathname + url.search;
    const exchange = { ...asked, url };
    const caller = {
      requestId,
      traceId,
      address,
      authorization: authorizationOf(headers, session),
      lastEventId: headers['last-event-id']?.toString() ?? null,
    };
    if (events.wants(request) && (await events.serve(exchange, caller, body))) return;
    if (body !== null && (await requests.serve(exchange, caller, body))) return;
    // Yoga takes a body that was read before it from here.
    if (body !== null) Object.assign(request, { body });
    await graphql(request, response, caller);
  };
}
