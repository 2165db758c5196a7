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
  validateSubscriptionArgs,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Context } from '../schema/context.ts';
import { type Teller, tellResult } from './masking.ts';

type ValidArgs = Exclude<ReturnType<typeof validateSubscriptionArgs>, readonly unknown[]>;

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
  readonly #args: ValidArgs;
  readonly #source: AsyncIterator<unknown>;
  readonly #requestId: string;
  readonly #teller: Teller;

  constructor(args: ValidArgs, source: AsyncIterator<unknown>, requestId: string, teller: Teller) {
    this.#args = args;
    this.#source = source;
    this.#requestId = requestId;
    this.#teller = teller;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** One after the other: whoever pulls waits for the answer before it pulls again. */
  async next(): Promise<IteratorResult<ExecutionResult>> {
    try {
      const { value: rootValue, done } = await this.#source.next();
      if (done) return { value: undefined, done: true };
      const result = await executeSubscriptionEvent({ ...this.#args, rootValue });
      return { value: tellResult(result, this.#requestId, this.#teller), done: false };
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

/** For callers that say `isLean`; all others get what Yoga gives. */
export function leanStreams(teller: Teller): Plugin<Context & { isLean?: boolean }> {
  return {
    onSubscribe({ args, setSubscribeFn }) {
      const { isLean, requestId } = args.contextValue;
      if (isLean === true) setSubscribeFn((given: ExecutionArgs) => open(given, requestId, teller));
    },
  };
}

async function open(given: ExecutionArgs, requestId: string, teller: Teller): Promise<OpenedStream | ExecutionResult> {
  const args = validateSubscriptionArgs(given);
  if (!('schema' in args)) return { errors: args };
  const source = await createSourceEventStream(args);
  if (!isAsyncIterable(source)) return source;
  return new OpenedStream(new LeanStream(args, source[Symbol.asyncIterator](), requestId, teller));
}

/** What a lean `subscribe` gave: the stream, or the one result that there is instead. */
export function streamIn(result: unknown): LeanStream | null {
  return result instanceof OpenedStream ? result.stream : null;
}
