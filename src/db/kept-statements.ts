/**
 * Kept statements: what is asked again and again is parsed once per connection, and sent in one round trip.
 *
 * Drizzle marks only what it is told to prepare; all else costs PostgreSQL a parse each time, and us a round trip more,
 * for the driver asks for the types first. Here a text that comes the third time is kept by its connection.
 * Promise: at most 500 texts are kept, whatever is asked: texts that vary with their values (lists, long inserts) are
 * only counted, and forgotten with the oldest. Whether an execution is planned anew is the pool's choice (client.ts).
 */
import type postgres from 'postgres';

const KEPT_AT_USE = 3;
const KEPT_MAX = 500;
const COUNTED_MAX = 2_000;

export class KeptStatements {
  readonly #kept = new Set<string>();
  readonly #uses = new Map<string, number>();

  /** Counts a use. @returns whether the text is to be kept by the connection */
  isKept(text: string): boolean {
    if (this.#kept.has(text)) return true;
    if (this.#kept.size >= KEPT_MAX) return false;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    this.#uses.delete(text);
    if (uses >= KEPT_AT_USE) {
      this.#kept.add(text);
      return true;
    }
    this.#uses.set(text, uses);
    if (this.#uses.size > COUNTED_MAX) this.#forgetOldest();
    return false;
  }

  #forgetOldest(): void {
    const [oldest] = this.#uses.keys();
    if (oldest !== undefined) this.#uses.delete(oldest);
  }
}

type Unsafe = postgres.Sql['unsafe'];
type Work = (transaction: postgres.TransactionSql) => unknown;

/** The same client, whose `unsafe` (which is all that Drizzle uses) and whose transactions keep statements. */
export function keepingStatements<Client extends postgres.ISql>(client: Client, kept: KeptStatements): Client {
  const unsafe: Unsafe = (text, parameters, options) =>
    client.unsafe(text, parameters, { ...options, prepare: options?.prepare === true || kept.isKept(text) });
  const inTransaction = (work: Work) => (transaction: postgres.TransactionSql) =>
    work(keepingStatements(transaction, kept));
  return new Proxy(client, {
    get(target, name) {
      if (name === 'unsafe') return unsafe;
      const value: unknown = Reflect.get(target, name);
      if ((name !== 'begin' && name !== 'savepoint') || typeof value !== 'function') return value;
      return (work: Work): unknown => Reflect.apply(value, target, [inTransaction(work)]);
    },
  });
}
