/**
 * What one would write instead, as a process of its own: the same subscription field over an in-process pub-sub.
 *
 * | Kind | What it is |
 * |---|---|
 * | YOGA | graphql-yoga's own server-sent events, with its `createPubSub` and Repeater, as its documentation shows |
 * | GRAPHQL_WS | graphql-ws with `ws`, over the same schema and pub-sub |
 * | NODE | server-sent events on `node:http` without any GraphQL: the floor |
 *
 * No accounts, no rights, no database, no resuming: only what keeps a connection and can push into it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createYoga, Repeater } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { z } from 'zod';

interface Update {
  seq: number;
  at: string;
  status: string;
  reason: string | null;
}
const first = (): Update => ({ seq: 0, at: new Date().toISOString(), status: 'PENDING_PAYMENT', reason: null });
const pubSub = createPubSub<{ order: [id: string, update: Update] }>();

const updateType = new GraphQLObjectType({
  name: 'OrderStatusUpdate',
  fields: {
    seq: { type: new GraphQLNonNull(GraphQLInt) },
    at: { type: new GraphQLNonNull(GraphQLString) },
    status: { type: new GraphQLNonNull(GraphQLString) },
    reason: { type: GraphQLString },
  },
});
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { now: { type: GraphQLFloat, resolve: () => Date.now() } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      orderStatus: {
        type: new GraphQLNonNull(updateType),
        args: { orderId: { type: new GraphQLNonNull(GraphQLID) }, after: { type: GraphQLInt } },
        subscribe: (_root, { orderId }) => Repeater.merge([[first()], pubSub.subscribe('order', String(orderId))]),
        resolve: (update: unknown) => update,
      },
    },
  }),
});

const kept: ServerResponse[] = [];
function answerBare(request: IncomingMessage, response: ServerResponse): void {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`:\n\nid: 0\nevent: next\ndata: ${JSON.stringify({ data: { orderStatus: first() } })}\n\n`);
    kept.push(response);
  });
}

const kind = z.enum(['YOGA', 'GRAPHQL_WS', 'NODE']).parse(process.argv[2]);
const yoga = createYoga({ schema, maxRequestBodySize: false, logging: false, graphiql: false });
const server = createServer(kind === 'NODE' ? answerBare : (request, response) => void yoga(request, response));
if (kind === 'GRAPHQL_WS') useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' && address !== null ? address.port : 0);
});
process.on('disconnect', () => process.exit(0));
