/**
 * The results of a subscription as graphql-ws pulls them: it waits by a promise, and through that promise comes nothing but
 * the word that there is a result.
 *
 * Why: a promise that has waited for seconds is old for V8, and whatever it resolves with is kept until all of the heap is
 * looked through; with ten thousand subscriptions that look stops everybody for half a second. So the result waits in
 * its turn, from which graphql-ws takes it when it is about to send it (its hook `onNext`).
 */
import type { ExecutionResult, FormattedExecutionResult } from 'graphql';
import type { LeanStream } from './lean-stream.ts';

/** Stands for the next result of one subscription; the same object for all of them. */
class Turn {
  readonly data?: undefined;
  readonly errors?: undefined;
  #result: ExecutionResult | null = null;

  put(result: ExecutionResult): void {
    this.#result = result;
  }

  take(): ExecutionResult {
    const result = this.#result;
    this.#result = null;
    if (!result) throw new TypeError('a turn was taken twice');
    return result;
  }
}

export class SocketStream implements AsyncIterableIterator<Turn> {
  readonly #stream: LeanStream;
  readonly #turn = new Turn();
  readonly #mine: IteratorResult<Turn> = { value: this.#turn, done: false };

  constructor(stream: LeanStream) {
    this.#stream = stream;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** One after the other: whoever pulls waits for the answer before it pulls again. */
  next(): Promise<IteratorResult<Turn>> {
    return new Promise((resolve, reject) => {
      this.#stream.whenReady(() => {
        this.#stream.next().then(({ value, done }) => {
          if (done) return resolve({ value: undefined, done: true });
          this.#turn.put(value);
          resolve(this.#mine);
        }, reject);
      });
    });
  }

  async return(): Promise<IteratorResult<Turn>> {
    await this.#stream.return();
    return { value: undefined, done: true };
  }
}

/** What is to be sent in place of `result`, when that is a turn. */
export function resultIn(result: unknown): FormattedExecutionResult | undefined {
  if (!(result instanceof Turn)) return undefined;
  const { errors, ...rest } = result.take();
  return errors ? { ...rest, errors: errors.map((error) => error.toJSON()) } : rest;
}
