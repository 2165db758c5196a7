/**
 * GraphQL over WebSockets (graphql-ws), at the same path as HTTP.
 *
 * A socket is refused by its origin and by how many its address has already; it must speak soon, and a message has
 * the size of a request at most. It says who it is once, in connectionParams.authorization. Mutations are refused: they go by POST, where a
 * request has one answer and a client knows whether it came.
 */
import { GraphQLError } from 'graphql';
import { CloseCode, type Context as SocketContext } from 'graphql-ws';
import { type Extra, useServer } from 'graphql-ws/use/ws';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { ApiLimits } from '../schema/limits.ts';
import { createSeats } from '../schema/seats.ts';
import { type Caller, GRAPHQL_PATH, type GraphqlServer } from './graphql.ts';
import { HttpError, parseTarget } from './http.ts';
import { streamIn } from './lean-stream.ts';
import { type Teller, tell } from './masking.ts';
import type { Operations } from './operations.ts';
import { isMutation } from './plugins.ts';
import { resultIn, SocketStream } from './socket-stream.ts';
import { type RequestIds, traceIn } from './trace.ts';

const KEEP_ALIVE_MS = 12_000;
const MESSAGES_WINDOW_MS = 10_000;
/** The protocol's own close code for too many requests. Source: graphql-ws, CloseCode. */
const FLOODED = CloseCode.TooManyInitialisationRequests;

export interface SocketOptions {
  server: Server;
  graphql: GraphqlServer;
  limits: ApiLimits;
  teller: Teller;
  /** Whether a page of this origin may connect. */
  allows: (request: IncomingMessage) => boolean;
  /** Who calls: address.ts. */
  addressOf: (request: IncomingMessage) => string;
  operations?: Operations | undefined;
  /** Longest wait for a new socket's connection_init. */
  initWaitMs: number;
}

type Tools = ReturnType<GraphqlServer['getEnveloped']>;

const paramsSchema = z.record(z.string(), z.unknown()).catch({});
const refusal = new GraphQLError('Send mutations by POST; a socket is for subscriptions and queries.', {
  extensions: { code: 'POST_REQUIRED' },
});

/** @returns what closes all sockets: clients connect again and resume */
export function openSockets(options: SocketOptions): {
  close: () => Promise<void>;
} {
  const { server, graphql, limits, teller, allows, addressOf, initWaitMs, operations } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.bodyBytesMax });
  const toolsOf = new WeakMap<object, Tools>();
  const places = createSeats(limits.socketsMax);
  const disposable = useServer(
    {
      connectionInitWaitTimeout: initWaitMs,
      execute: (args) => toolsFor(toolsOf, args.contextValue).execute(args),
      subscribe: async (args) => {
        const result = await toolsFor(toolsOf, args.contextValue).subscribe(args);
        const stream = streamIn(result);
        return stream ? new SocketStream(stream) : result;
      },
      onNext: (_socket, _id, _sent, _args, result) => resultIn(result),
      onSubscribe: async (socket, _id, sent) => {
        const asked = { requestId: randomUUID(), traceId: traceIn(socket.extra.request.headers['traceparent']) };
        const { operationName, variables } = sent;
        try {
          const query = operations ? textIn(operations.complete(sent)) : sent.query;
          const tools = graphql.getEnveloped({
            params: { query },
            ...callerOf(socket, asked, addressOf),
            isLean: true,
          });
          const document = tools.parse(query);
          if (isMutation(document)) return [refusal];
          const errors = tools.validate(tools.schema, document);
          if (errors.length > 0) return errors;
          const contextValue = await tools.contextFactory();
          toolsOf.set(contextValue, tools);
          return {
            schema: tools.schema,
            document,
            operationName: operationName ?? null,
            variableValues: variables ?? {},
            contextValue,
          };
        } catch (error) {
          if (error instanceof HttpError) {
            return [new GraphQLError(error.message, { extensions: { code: error.code } })];
          }
          return [tell(error, asked, teller)];
        }
      },
    },
    sockets,
    KEEP_ALIVE_MS,
  );
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // A caller who is gone before our answer would else end the program: nobody but us hears this socket's errors.
    socket.on('error', () => socket.destroy());
    const url = parseTarget(request.url);
    if (!url) return refuse(socket, '400 Bad Request');
    const { pathname } = url;
    if (pathname !== GRAPHQL_PATH) return refuse(socket, '404 Not Found');
    if (!allows(request)) return refuse(socket, '403 Forbidden');
    const leave = places.take(addressOf(request));
    if (!leave) return refuse(socket, '429 Too Many Requests');
    socket.once('close', leave);
    sockets.handleUpgrade(request, socket, head, (client) => {
      sockets.emit('connection', client, request);
      // A frame that is too large or none closes the socket with its code; that is the caller's affair, and no line of ours.
      client.removeAllListeners('error').on('error', () => {});
      closeWhenFlooded(client, limits.socketMessagesMax);
    });
  };
  server.on('upgrade', upgrade);
  return {
    close: async () => {
      server.off('upgrade', upgrade);
      await disposable.dispose();
    },
  };
}

/** What a message asks is read, judged and looked up before it is paid for: so they are counted before that. */
function closeWhenFlooded(client: WebSocket, messagesMax: number): void {
  let windowEndsMs = 0;
  let left = 0;
  client.on('message', () => {
    const nowMs = performance.now();
    if (nowMs >= windowEndsMs) {
      windowEndsMs = nowMs + MESSAGES_WINDOW_MS;
      left = messagesMax;
    }
    left -= 1;
    if (left >= 0) return;
    // What is still on its way is heard by nobody.
    client.removeAllListeners('message');
    client.close(FLOODED, `At most ${messagesMax} messages in ten seconds. Connect again later.`);
  });
}

const textIn = (params: unknown): string => z.object({ query: z.string() }).parse(params).query;

function callerOf(
  socket: Pick<SocketContext, 'connectionParams'> & { extra: Extra },
  asked: RequestIds,
  addressOf: SocketOptions['addressOf'],
): Caller {
  // Clients differ in how they write the name, as with HTTP's header.
  const params = Object.entries(paramsSchema.parse(socket.connectionParams));
  const authorization = params.find(([name]) => name.toLowerCase() === 'authorization')?.[1];
  return {
    ...asked,
    address: addressOf(socket.extra.request),
    authorization: typeof authorization === 'string' ? authorization : null,
    lastEventId: null,
  };
}

function toolsFor(toolsOf: WeakMap<object, Tools>, context: unknown): Tools {
  const tools = typeof context === 'object' && context !== null ? toolsOf.get(context) : undefined;
  if (!tools) throw new TypeError('an operation came without its context');
  return tools;
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
