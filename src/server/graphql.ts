/** Yoga: GraphQL over HTTP and server-sent events. WebSockets (sockets.ts) go through the same plugins. */
import type { DocumentNode } from 'graphql';
import { createYoga, type YogaInitialContext } from 'graphql-yoga';
import { commitWith, storeWith } from '../schema/commit.ts';
import type { Context, SchemaServices } from '../schema/context.ts';
import { schema } from '../schema/index.ts';
import type { Seats } from '../schema/seats.ts';
import type { Wake } from '../streams/index.ts';
import type { Budget } from './budget.ts';
import { credentialIn } from './credential.ts';
import { KeptDocuments } from './kept-documents.ts';
import { leanStreams } from './lean-stream.ts';
import { tell } from './masking.ts';
import type { Operations } from './operations.ts';
import { limitCost, limitDocuments, maskErrors, numberEvents } from './plugins.ts';
import type { RequestIds } from './trace.ts';

const nothingKept = { get: () => undefined, set: () => {} };

export const GRAPHQL_PATH = '/graphql';

/** Who asks, as far as the transport knows. */
export interface Caller extends RequestIds {
  address: string;
  authorization: string | null;
  lastEventId: string | null;
  /** Who pays what it costs. (Default: the account, else the address) */
  payer?: string;
  /** Subscriptions come as lean streams (lean-stream.ts); for transports of our own. */
  isLean?: boolean;
}

export interface GraphqlOptions {
  services: SchemaServices;
  seats: Seats;
  stopping: AbortSignal;
  development: boolean;
  budget: Budget;
  /** Whether callers may ask for the schema. (Default: true) */
  introspection?: boolean | undefined;
  /** (Default: any operation may be sent, by its text) */
  operations?: Operations | undefined;
  /** Called after each commit of this process. */
  committed(): void;
}

export type GraphqlServer = ReturnType<typeof createGraphqlServer>;

export function createGraphqlServer(options: GraphqlOptions) {
  const { services, seats, stopping, development, budget } = options;
  const { db, keyedDb, auth, log, limits } = services;
  const teller = { log, development };
  const wake: Wake = (events) => {
    options.committed();
    services.wake(events);
  };
  const commits = {
    commit: commitWith(db, wake),
    commitByKey: commitWith(keyedDb, wake),
    storeByKey: storeWith(keyedDb, wake),
  };
  const shared = { ...services, ...commits, seats, stopping };
  return createYoga<Caller, Context>({
    schema,
    graphqlEndpoint: GRAPHQL_PATH,
    // Bodies are read, and limited, before Yoga sees them (../server.ts).
    maxRequestBodySize: false,
    // Its own caches count documents, however large, and keep what was refused with all its text.
    parserAndValidationCache: { documentCache: new KeptDocuments<DocumentNode>(), errorCache: nothingKept },
    batching: false,
    multipart: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
    maskedErrors: { maskError: (error) => tell(error, { requestId: crypto.randomUUID() }, teller) },
    context: async (initial: YogaInitialContext & Caller) => {
      const { requestId, traceId, address, authorization, lastEventId, payer } = initial;
      const token = credentialIn(authorization);
      const viewer = token === null ? null : await auth.viewerOf(token);
      const own = {
        requestId,
        traceId: traceId ?? requestId,
        address,
        payer: payer ?? viewer?.id ?? address,
        token,
        viewer,
        resumeAfter: seqIn(lastEventId),
      };
      // A subscription's context lives as long as it does: it shares what is the same for all.
      return initial.isLean === true ? inherit(initial, shared, own) : { ...shared, ...own };
    },
    plugins: [
      limitDocuments(limits, options.introspection ?? true, options.operations ?? null),
      // Masking comes first, so that it sees last what the others made.
      maskErrors(teller),
      limitCost(limits, budget),
      numberEvents(),
      leanStreams(teller),
    ],
  });
}

/** Makes `initial` an heir of `shared`. @returns what is its own, seen together with what it inherits */
function inherit<Shared extends object, Own extends object>(initial: object, shared: Shared, own: Own): Shared & Own {
  Object.setPrototypeOf(initial, shared);
  const heir: Shared & Own = Object.setPrototypeOf(own, shared);
  return heir;
}

function seqIn(lastEventId: string | null): number | null {
  return lastEventId !== null && /^\d{1,9}$/.test(lastEventId) ? Number(lastEventId) : null;
}
