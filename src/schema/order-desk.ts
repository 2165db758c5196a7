/**
 * Order desk: orders that come at the same time are placed together, in one commit.
 *
 * Those of one turn of the event loop go together, and while one transaction is on its way the next ones gather; alone, an
 * order waits for the end of its turn only. One that takes long, as it may wait for another process's, holds up nobody: the
 * next one begins beside it, and so it does when a crowd waits. Each order is accepted or refused by itself, as if it had
 * come alone; when a transaction fails, each of its orders is tried alone, so that none fails for another's sake.
 * Limits: 100 orders a transaction, two transactions at a time per process, the second after 50 ms or for 24 orders.
 */
import { type NewOrder, type OrderRow, type Placed, placeOrders, placeStraight } from '../db/orders.ts';
import type { Tx } from '../db/client.ts';
import type { Parts } from '../db/parts.ts';
import { orderPlaced } from '../events/index.ts';
import { append } from './append.ts';
import { lostRace } from './commit.ts';
import { type Context, refuseWhenOverloaded } from './context.ts';
import { OverloadedError } from './errors.ts';

const ORDERS_MAX = 100;
const TRANSACTIONS_MAX = 2;
/** Two at once halve what each of them holds, and a few cost nearly as much as many. */
const LONG_MS = 50;
/** So many are worth a transaction beside another, for which PostgreSQL has a session of its own. */
const CROWD = 24;

/** `stored`: as it was stored just now; null where it was placed before. */
type AtDesk = { orderId: string; stored: OrderRow | null };

interface Waiting extends PromiseWithResolvers<AtDesk> {
  order: TracedOrder;
}
/** An order, and the trace of the request that brings it. */
type TracedOrder = NewOrder & Pick<Context, 'traceId'>;
type Shop = Pick<Context, 'commitByKey' | 'storeByKey' | 'clock' | 'backlog' | 'shards' | 'terms'>;

const desks = new WeakMap<Context['backlog'], OrderDesk>();

/**
 * Places an order, together with those that other requests bring meanwhile.
 * @returns the order that was placed, now or before under the same key
 * @throws AlreadyOwned, KeyReused, NotForSale, PriceChanged, PurchaseInProgress, OverloadedError
 */
export function placeAtDesk(context: Shop & Pick<Context, 'traceId'>, order: NewOrder): Promise<AtDesk> {
  const desk = desks.get(context.backlog) ?? new OrderDesk(context);
  desks.set(context.backlog, desk);
  return desk.place({ ...order, traceId: context.traceId });
}

class OrderDesk {
  readonly #shop: Shop;
  #waiting: Waiting[] = [];
  /** On their way for less than LONG_MS, and for longer. */
  #young = 0;
  #long = 0;
  #isGathering = false;

  constructor({ commitByKey, storeByKey, clock, backlog, shards, terms }: Shop) {
    this.#shop = { commitByKey, storeByKey, clock, backlog, shards, terms };
  }

  place(order: TracedOrder): Promise<AtDesk> {
    const waiting = { order, ...Promise.withResolvers<AtDesk>() };
    this.#waiting.push(waiting);
    this.#gather();
    return waiting.promise;
  }

  /** Sessions are looked up together, so that whole crowds of orders come in one turn. */
  #gather(): void {
    if (this.#isGathering || this.#waiting.length === 0) return;
    this.#isGathering = true;
    setImmediate(() => {
      this.#isGathering = false;
      this.#serve();
    });
  }

  #serve(): void {
    if (!this.#mayBegin()) return;
    this.#young += 1;
    let isLong = false;
    const timer = setTimeout(() => {
      isLong = true;
      this.#young -= 1;
      this.#long += 1;
      this.#serve();
    }, LONG_MS);
    void this.#settle(this.#waiting.splice(0, ORDERS_MAX)).finally(() => {
      clearTimeout(timer);
      if (isLong) this.#long -= 1;
      else this.#young -= 1;
      this.#gather();
    });
  }

  #mayBegin(): boolean {
    if (this.#young + this.#long >= TRANSACTIONS_MAX) return false;
    return this.#waiting.length >= (this.#young === 0 ? 1 : CROWD);
  }

  async #settle(together: readonly Waiting[]): Promise<void> {
    try {
      const placed = await placeTogether(
        this.#shop,
        together.map(({ order }) => order),
      );
      for (const [at, { resolve, reject }] of together.entries()) {
        const one = placed[at];
        if (one && 'orderId' in one) resolve(one);
        else reject(one?.refusal ?? new TypeError('an order was not answered'));
      }
    } catch (error) {
      if (together.length === 1) together[0]?.reject(error);
      else for (const one of together) await this.#settle([one]);
    }
  }
}

/** Straight, which costs half as many ways to the database; where a rival was faster, in a transaction that waits for it. */
async function placeTogether(shop: Shop, orders: readonly TracedOrder[]): Promise<Placed[]> {
  const { commitByKey, storeByKey, clock, backlog, shards, terms } = shop;
  const now = clock.now();
  const placing = (tx: Tx) => ({
    now,
    terms,
    refuseNew: () => refuseWhenOverloaded({ backlog }, tx).then(() => null, overloaded),
    store: (rows: Parts, placed: readonly Placed[]) => append({ shards }, tx, eventsOf(placed, orders), now, rows),
  });
  try {
    return await storeByKey((tx) => placeStraight(tx, orders, placing(tx)));
  } catch (error) {
    if (!lostRace(error)) throw error;
    return commitByKey((tx) => placeOrders(tx, orders, placing(tx)));
  }
}

/** Each is the first of its order, whose id is new. */
const eventsOf = (placed: readonly Placed[], orders: readonly TracedOrder[]) =>
  placed.flatMap((one, at) => {
    if (!('orderId' in one) || one.stored === null) return [];
    const event = orderPlaced.of({ orderId: one.orderId, status: 'PENDING_PAYMENT' });
    return [{ ...event, seq: 1, traceId: orders[at]?.traceId ?? null }];
  });

function overloaded(error: unknown): Error {
  if (error instanceof OverloadedError) return error;
  throw error;
}
