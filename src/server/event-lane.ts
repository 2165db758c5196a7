/**
 * Subscriptions as server-sent events, straight on node:http: the lane of the ten thousand.
 *
 * It takes what asks for `text/event-stream` alone and is a subscription; everything else goes to Yoga. Parsing, limits,
 * cost, authorization and masking are those of `getEnveloped`, so that both ways answer alike.
 * Promise: `id:` is the update's seq, which a browser sends back as Last-Event-ID; a slow reader has one update and the
 * socket's own buffer (64 KiB) in memory, and is cut off when it takes nothing for a minute; one who goes frees all.
 */
import { type DocumentNode, type ExecutionResult, GraphQLError } from 'graphql';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { operationOf } from './cost.ts';
import { COMPLETE, eventFrame, HEARTBEAT, streamHeaders } from './event-stream.ts';
import type { Caller, GraphqlServer } from './graphql.ts';
import { Heartbeat } from './heartbeat.ts';
import type { Exchange } from './http.ts';
import { type LeanStream, streamIn } from './lean-stream.ts';
import { type Teller, tell, tellResult } from './masking.ts';

/** Five beats of 12 s: a reader that has taken nothing for so long comes back later, by Last-Event-ID. */
const STALLED_BEATS_MAX = 5;

const jsonObject = z.record(z.string(), z.unknown()).nullish();
const paramsSchema = z.strictObject({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: jsonObject,
  extensions: jsonObject,
});
type Params = z.infer<typeof paramsSchema>;

export interface EventLane {
  /** Whether the request asks for events and for nothing else. */
  wants(request: IncomingMessage): boolean;
  /**
   * Answers a subscription.
   * @param body what was posted; null for GET
   * @returns false when it is none, or cannot be read: then nothing was done
   */
  serve(exchange: Exchange, caller: Caller, body: string | null): Promise<boolean>;
}

export function openEventLane(graphql: GraphqlServer, teller: Teller): EventLane {
  const heartbeat = new Heartbeat();
  return {
    wants: ({ headers, method }) =>
      (method === 'POST' || method === 'GET') && /^text\/event-stream\s*(;|$)/i.test(headers.accept ?? ''),
    serve: async ({ response, url }, caller, body) => {
      const params = body === null ? paramsIn(url.searchParams) : paramsOf(body);
      if (!params) return false;
      const { query } = params;
      const tools = graphql.getEnveloped({ params: { query }, ...caller, isLean: true });
      const document = parsed(() => tools.parse(query));
      if (document === null || operationOf(document, params.operationName)?.operation !== 'subscription') return false;
      const answer = await subscribe(tools, document, params, caller, teller);
      if (response.destroyed) {
        await streamIn(answer)?.return();
        return true;
      }
      const stream = streamIn(answer);
      if (stream) {
        response.writeHead(200, streamHeaders);
        new EventWriter(response, stream, heartbeat).start(teller);
      } else {
        const { status, result } = refusalOf(answer);
        response.writeHead(status, streamHeaders);
        response.end(`${HEARTBEAT}${eventFrame(result)}${COMPLETE}`);
      }
      return true;
    },
  };
}

type Tools = ReturnType<GraphqlServer['getEnveloped']>;

async function subscribe(tools: Tools, document: DocumentNode, params: Params, caller: Caller, teller: Teller) {
  try {
    const errors = tools.validate(tools.schema, document);
    if (errors.length > 0) return tellResult({ errors }, caller, teller);
    return await tools.subscribe({
      schema: tools.schema,
      document,
      operationName: params.operationName ?? null,
      variableValues: params.variables ?? {},
      contextValue: await tools.contextFactory(),
    });
  } catch (error) {
    return { errors: [tell(error, caller, teller)] };
  }
}

/** One answer on its way to one reader. */
class EventWriter {
  readonly #response: ServerResponse;
  readonly #stream: LeanStream;
  readonly #heartbeat: Heartbeat;
  readonly #slot: number;
  /** Set while the socket takes nothing more. */
  #drained: PromiseWithResolvers<void> | null = null;
  #stalledBeats = 0;

  constructor(response: ServerResponse, stream: LeanStream, heartbeat: Heartbeat) {
    this.#response = response;
    this.#stream = stream;
    this.#heartbeat = heartbeat;
    this.#slot = heartbeat.add(this);
    response.on('drain', () => this.#release());
    response.on('close', () => this.#close());
  }

  start(teller: Teller): void {
    this.#response.write(HEARTBEAT);
    const fail = (error: unknown) => {
      teller.log.error({ err: error }, 'a live subscription failed unexpectedly');
      this.#response.destroy();
    };
    // From here on nothing is under way for this reader but when there is something for it.
    const wait = () => this.#stream.whenReady(send);
    const send = () => {
      this.#send().then((mayGoOn) => mayGoOn && wait(), fail);
    };
    wait();
  }

  beat(): void {
    if (this.#drained === null) {
      if (!this.#response.write(HEARTBEAT)) this.#drained = Promise.withResolvers();
      return;
    }
    this.#stalledBeats += 1;
    if (this.#stalledBeats >= STALLED_BEATS_MAX) this.#response.destroy();
  }

  /** Sends the next update. @returns false when there will be none any more */
  async #send(): Promise<boolean> {
    const { value, done } = await this.#stream.next();
    if (this.#response.destroyed) return false;
    if (done) {
      this.#response.end(COMPLETE);
      return false;
    }
    if (!this.#response.write(eventFrame(value))) this.#drained ??= Promise.withResolvers();
    await this.#drained?.promise;
    return true;
  }

  #release(): void {
    this.#drained?.resolve();
    this.#drained = null;
    this.#stalledBeats = 0;
  }

  #close(): void {
    this.#heartbeat.remove(this, this.#slot);
    this.#release();
    void this.#stream.return();
  }
}

const httpSchema = z.object({ http: z.object({ status: z.number(), spec: z.boolean().optional() }) });

/** What is told instead of a stream. Errors of ours may name an HTTP status, which is for us and not for the caller. */
function refusalOf(answer: ExecutionResult | AsyncIterable<unknown>): { status: number; result: ExecutionResult } {
  if (Symbol.asyncIterator in answer) throw new TypeError('a lean subscription came as a stream of another kind');
  let status = 200;
  const errors = answer.errors?.map((error) => {
    const named = httpSchema.safeParse(error.extensions).data?.http;
    if (!named) return error;
    // By the standard of GraphQL over HTTP, which asks for JSON and not for events.
    if (named.spec !== true) status = Math.max(status, named.status);
    const { http: _http, ...extensions } = error.extensions;
    const { message, nodes, source, positions, path } = error;
    return new GraphQLError(message, { nodes, source, positions, path, extensions });
  });
  return { status, result: errors ? { ...answer, errors } : answer };
}

function parsed(parse: () => DocumentNode): DocumentNode | null {
  try {
    return parse();
  } catch {
    return null;
  }
}

function paramsOf(body: string): Params | null {
  try {
    return paramsSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}

/** As GET carries them: objects are JSON in text. */
function paramsIn(search: URLSearchParams): Params | null {
  const given = Object.fromEntries([...search].filter(([, value]) => value !== ''));
  try {
    return (
      paramsSchema.safeParse({
        ...given,
        ...(given['variables'] !== undefined && { variables: JSON.parse(given['variables']) }),
        ...(given['extensions'] !== undefined && { extensions: JSON.parse(given['extensions']) }),
      }).data ?? null
    );
  } catch {
    return null;
  }
}
