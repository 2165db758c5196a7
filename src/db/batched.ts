/**
 * Batched reads: rows that are asked for one by one and at once, answered by one statement.
 *
 * Promise: what is asked in the same turn is loaded together; nothing is kept afterwards, so that what was written
 * meanwhile is read anew.
 */

const KEYS_MAX = 1_000;

interface Batch<Value> {
  keys: Set<string>;
  loaded: Promise<ReadonlyMap<string, Value>>;
}

/**
 * @param load one statement for 1 to 1,000 different keys; a key may be missing from what it gives
 * @returns reads one key in a scope, such as the database or the context of a request; undefined when the key is missing
 */
export function batched<Scope extends object, Value>(
  load: (scope: Scope, keys: string[]) => Promise<ReadonlyMap<string, Value>>,
) {
  const waiting = new WeakMap<Scope, Batch<Value>>();
  return async (scope: Scope, key: string): Promise<Value | undefined> => {
    let batch = waiting.get(scope);
    if (!batch || batch.keys.size >= KEYS_MAX) batch = open(scope);
    batch.keys.add(key);
    return (await batch.loaded).get(key);
  };

  function open(scope: Scope): Batch<Value> {
    const keys = new Set<string>();
    // A turn of the loop later all who run beside each other have asked.
    const loaded = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (waiting.get(scope) === batch) waiting.delete(scope);
      return load(scope, [...keys]);
    });
    const batch: Batch<Value> = { keys, loaded };
    waiting.set(scope, batch);
    return batch;
  }
}
