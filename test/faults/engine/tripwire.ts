/**
 * Tripwire: counts every call of an engine to PostgreSQL, Redis and the gateway, and stops it dead at a given one.
 *
 * A call has two places: before it is made, and after it was answered. At the place where the wire is tripped, and at
 * every later one, the caller waits for ever, as the code of a killed process does.
 */
import type { Redis } from 'ioredis';
import type { TransactionSql } from 'postgres';
import type { PaymentProvider } from '../../../src/ports/payments/provider.ts';
import type { Sql } from '../../../src/db/client.ts';

export class Tripwire {
  readonly #at: number;
  #count = 0;
  readonly #tripped = Promise.withResolvers<string>();
  #isTripped = false;

  /** @param at the place to stop at, from 1; Infinity only counts */
  constructor(at: number) {
    this.#at = at;
  }

  get count(): number {
    return this.#count;
  }

  /** Resolves with the name of the place when the wire is tripped. */
  get tripped(): Promise<string> {
    return this.#tripped.promise;
  }

  /** @returns true when the caller must never go on */
  #step(place: string): boolean {
    if (this.#isTripped) return true;
    this.#count += 1;
    if (this.#count < this.#at) return false;
    this.#isTripped = true;
    this.#tripped.resolve(place);
    return true;
  }

  /** A call with its two places. */
  async around<Result>(name: string, call: () => PromiseLike<Result>): Promise<Result> {
    if (this.#step(`before ${name}`)) return never();
    const result = await call();
    if (this.#step(`after ${name}`)) return never();
    return result;
  }
}

const never = <Result>(): Promise<Result> => Promise.withResolvers<Result>().promise;

/** What drizzle awaits of a query: the query itself, or its rows as arrays. */
interface Query extends PromiseLike<unknown> {
  values(): PromiseLike<unknown>;
}

/** The client as drizzle uses it: `unsafe` for a statement, `begin` for a transaction. */
export function wireSql<Client extends Pick<Sql, 'unsafe'>>(client: Client, tripwire: Tripwire): Client {
  return new Proxy(client, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (property === 'unsafe') {
        return (text: string, ...rest: []) => wireQuery(firstWords(text), () => target.unsafe(text, ...rest), tripwire);
      }
      if (typeof value !== 'function') return value;
      if (property !== 'begin') return value.bind(target);
      return (...given: unknown[]) => {
        const work = given.at(-1);
        if (typeof work !== 'function') throw new TypeError('a transaction without work');
        const wired = (tx: TransactionSql) =>
          tripwire.around('work of the transaction', async () => work(wireSql(tx, tripwire)));
        return tripwire.around('transaction', async () => Reflect.apply(value, target, [...given.slice(0, -1), wired]));
      };
    },
  });
}

/** Postgres.js sends a query when it is awaited; so does this. */
function wireQuery(name: string, query: () => Query, tripwire: Tripwire): Query {
  const sent = () => tripwire.around(name, query);
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a query is awaited, or asked for its values
    then: (resolve, reject) => sent().then(resolve, reject),
    values: () => tripwire.around(name, () => query().values()),
  };
}

const firstWords = (text: string): string => text.trim().split(/\s+/).slice(0, 3).join(' ').toLowerCase();

/** XGROUP is not counted: groups are made again on every pass, which would be most of the places. */
export function wireRedis(redis: Redis, tripwire: Tripwire): void {
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) =>
    command.name === 'xgroup'
      ? send(command, stream)
      : tripwire.around(`redis ${command.name}`, () => Promise.resolve(send(command, stream)));
}

export function wireGateway(gateway: PaymentProvider, tripwire: Tripwire): PaymentProvider {
  return {
    ...gateway,
    authorize: (request) => tripwire.around('authorize', () => gateway.authorize(request)),
    capture: (request) => tripwire.around('capture', () => gateway.capture(request)),
    void: (request) => tripwire.around('void', () => gateway.void(request)),
    refund: (request) => tripwire.around('refund', () => gateway.refund(request)),
    lookup: (request) => tripwire.around('lookup', () => gateway.lookup(request)),
    pay: (request) => tripwire.around('pay', () => gateway.pay(request)),
    openPayee: (request) => tripwire.around('openPayee', () => gateway.openPayee(request)),
    lookupPayout: (request) => tripwire.around('lookupPayout', () => gateway.lookupPayout(request)),
  };
}
