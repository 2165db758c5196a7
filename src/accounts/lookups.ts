/**
 * Lookups of one turn of the event loop, and those that come while others are on their way, are asked together: one
 * statement for all of them.
 *
 * Promise: nothing is kept once it is answered, so every answer is as fresh as a question of its own; alone, a lookup
 * waits for the end of its turn only. Limits: 500 keys a statement, two statements at a time.
 */
const KEYS_MAX = 500;
const STATEMENTS_MAX = 2;

interface Waiting<Value> extends PromiseWithResolvers<Value | undefined> {
  key: string;
}

export class Lookups<Value> {
  readonly #load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  #waiting: Waiting<Value>[] = [];
  #running = 0;
  #isGathering = false;

  /** @param load one statement for 1 to 500 different keys; a key may be missing from what it gives */
  constructor(load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>) {
    this.#load = load;
  }

  /** @returns undefined when the key is missing */
  find(key: string): Promise<Value | undefined> {
    const waiting = { key, ...Promise.withResolvers<Value | undefined>() };
    this.#waiting.push(waiting);
    this.#gather();
    return waiting.promise;
  }

  /** All sockets that have something are read in one turn: who asks by them is known at its end. */
  #gather(): void {
    if (this.#isGathering || this.#waiting.length === 0) return;
    this.#isGathering = true;
    setImmediate(() => {
      this.#isGathering = false;
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < STATEMENTS_MAX && this.#waiting.length > 0) {
      const together = this.#waiting.splice(0, KEYS_MAX);
      this.#running += 1;
      void this.#answer(together).finally(() => {
        this.#running -= 1;
        this.#gather();
      });
    }
  }

  async #answer(together: readonly Waiting<Value>[]): Promise<void> {
    try {
      const found = await this.#load([...new Set(together.map(({ key }) => key))]);
      for (const { key, resolve } of together) resolve(found.get(key));
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }
}
