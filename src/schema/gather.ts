/**
 * Gathers what many live subscriptions ask in the same turn into one statement.
 *
 * Promise: nothing is kept once it is answered, so that every answer is as fresh as a question of its own.
 * Not here: fields of one operation (batch.ts).
 */
import { sql } from 'drizzle-orm';

const KEYS_MAX = 500;

interface Gathering<Value> {
  keys: Set<string>;
  loaded: Promise<ReadonlyMap<string, Value>>;
}

/** The keys as a table `asked(key)`: a statement has the same text however many there are, so that connections keep it. */
export const asked = (keys: readonly string[]) =>
  sql`jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb) as asked(key)`;

/**
 * @param load one statement for 1 to 500 different keys; a key may be missing from what it gives
 * @returns what one subscription asks of an owner, such as the database; undefined when the key is missing
 */
export function gathered<Owner extends object, Value>(
  load: (owner: Owner, keys: string[]) => Promise<ReadonlyMap<string, Value>>,
) {
  const waiting = new WeakMap<Owner, Gathering<Value>>();
  return async (owner: Owner, key: string): Promise<Value | undefined> => {
    let gathering = waiting.get(owner);
    if (!gathering || gathering.keys.size >= KEYS_MAX) gathering = open(owner);
    gathering.keys.add(key);
    return (await gathering.loaded).get(key);
  };

  function open(owner: Owner): Gathering<Value> {
    const keys = new Set<string>();
    const loaded = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (waiting.get(owner) === gathering) waiting.delete(owner);
      return load(owner, [...keys]);
    });
    const gathering: Gathering<Value> = { keys, loaded };
    waiting.set(owner, gathering);
    return gathering;
  }
}
