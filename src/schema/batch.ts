/**
 * Batches: many fields of one operation that each need one row, answered by one statement.
 *
 * Promise: what is asked in the same turn is loaded together; nothing is kept afterwards, so that what a mutation wrote
 * is read anew.
 */
import type { Context } from './context.ts';

const KEYS_MAX = 1_000;

interface Batch<Value> {
  keys: Set<string>;
  loaded: Promise<ReadonlyMap<string, Value>>;
}

/**
 * @param load one statement for 1 to 1,000 different keys; a key may be missing from what it gives
 * @returns what one field asks; undefined when the key is missing
 */
export function batched<Value>(load: (context: Context, keys: string[]) => Promise<ReadonlyMap<string, Value>>) {
  const waiting = new WeakMap<Context, Batch<Value>>();
  return async (context: Context, key: string): Promise<Value | undefined> => {
    let batch = waiting.get(context);
    if (!batch || batch.keys.size >= KEYS_MAX) batch = open(context);
    batch.keys.add(key);
    return (await batch.loaded).get(key);
  };

  function open(context: Context): Batch<Value> {
    const keys = new Set<string>();
    // A turn of the loop later all fields of the same level have asked.
    const loaded = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (waiting.get(context) === batch) waiting.delete(context);
      return load(context, [...keys]);
    });
    const batch: Batch<Value> = { keys, loaded };
    waiting.set(context, batch);
    return batch;
  }
}
