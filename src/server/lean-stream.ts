/**
 * The results of a subscription with as few layers as there can be: an event in, an executed result out.
 *
 * graphql's and Envelop's own streams cost several kilobytes each; a process holds ten thousand. Everything that decides
 * runs as ever: parsing, validation, limits and cost before, authorization by the schema, masking of every result.
 * Used by server-sent events (event-lane.ts) and WebSockets (sockets.ts). Not here: what an event shows (../schema).
 */
import {
  createSourceEventStream,
  type ExecutionArgs,
  type ExecutionResult,
  executeSubscriptionEvent,
  GraphQLError,
  validateSubscriptionArgs,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Context } from '../schema/context.ts';
import type { LiveEvents } from '../streams/live-subscriber.ts';
import { type Teller, tellResult } from './masking.ts';
import type { RequestIds } from './trace.ts';

type SubscriptionArgs = Pick<
  ExecutionArgs,
  'schema' | 'document' | 'contextValue' | 'variableValues' | 'operationName'
>;

/** What `subscribe` gives a lean caller: a stream that Envelop does not see as one, so that it wraps nothing around it. */
class OpenedStream {
  readonly data?: undefined;
  readonly errors?: undefined;
  readonly stream: LeanStream;

  constructor(stream: LeanStream) {
    this.stream = stream;
  }
}

export class LeanStream implements AsyncIterableIterator<ExecutionResult> {
  readonly #args: SubscriptionArgs;
  readonly #source: AsyncIterator<unknown>;
  readonly #asked: RequestIds;
  readonly #teller: Teller;

  constructor(args: SubscriptionArgs, source: AsyncIterator<unknown>, asked: RequestIds, teller: Teller) {
    this.#args = args;
    this.#source = source;
    this.#asked = asked;
    this.#teller = teller;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** Calls back once, when `next` need not wait for anything to happen. Until then nothing is held but the callback. */
  whenReady(callback: () => void): void {
    if (isPatient(this.#source)) this.#source.whenReady(callback);
    else callback();
  }

  /** One after the other: whoever pulls waits for the answer before it pulls again. */
  async next(): Promise<IteratorResult<ExecutionResult>> {
    try {
      const { value: rootValue, done } = await this.#source.next();
      if (done) return { value: undefined, done: true };
      return { value: tellResult(await execute(this.#args, rootValue), this.#asked, this.#teller), done: false };
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<ExecutionResult>> {
    await this.#source.return?.();
    return { value: undefined, done: true };
  }
}

/** A source that tells when it has something, as those of ../schema/live.ts do. */
const isPatient = (source: AsyncIterator<unknown>): source is AsyncIterator<unknown> & Pick<LiveEvents, 'whenReady'> =>
  'whenReady' in source && typeof source.whenReady === 'function';

/** For callers that say `isLean`; all others get what Yoga gives. */
export function leanStreams(teller: Teller): Plugin<Context & { isLean?: boolean }> {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const asked = args.contextValue;
      if (asked.isLean === true) setSubscribeFn((given: SubscriptionArgs) => open(given, asked, teller));
    },
  };
}

async function open(
  args: SubscriptionArgs,
  asked: RequestIds,
  teller: Teller,
): Promise<OpenedStream | ExecutionResult> {
  const valid = validateSubscriptionArgs({ ...args, contextValue: heirOf(args.contextValue) });
  if (!('schema' in valid)) return { errors: valid.map(asBadInput) };
  const source = await createSourceEventStream(valid);
  if (!isAsyncIterable(source)) return source;
  const { schema, document, contextValue, variableValues, operationName } = args;
  const kept = { schema, document, contextValue, variableValues, operationName };
  return new OpenedStream(new LeanStream(kept, source[Symbol.asyncIterator](), asked, teller));
}

/** As Yoga's executor words it. */
const asBadInput = (error: GraphQLError): GraphQLError =>
  new GraphQLError(error.originalError?.message ?? error.message, {
    nodes: error.nodes,
    extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } },
  });

/** The arguments are coerced anew for each event: what coercion makes is larger than what it is made from. */
async function execute(args: SubscriptionArgs, rootValue: unknown): Promise<ExecutionResult> {
  const valid = validateSubscriptionArgs({ ...args, rootValue, contextValue: heirOf(args.contextValue) });
  return 'schema' in valid ? executeSubscriptionEvent(valid) : { errors: valid };
}

/** What the schema's plugins remember of a context, such as rights, goes with the event it was asked for. */
function heirOf(contextValue: unknown): unknown {
  return Object.create(typeof contextValue === 'object' ? contextValue : null);
}

/** What a lean `subscribe` gave: the stream, or the one result that there is instead. */
export function streamIn(result: unknown): LeanStream | null {
  return result instanceof OpenedStream ? result.stream : null;
}
