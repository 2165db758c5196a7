/**
 * What a contestant is: one way to carry purchases through the stages.
 *
 * A contest runs it in two processes. The bench's own makes its tables and hands purchases in (`install`,
 * `openProducer`); the worker's carries them out (`openWorker`). Only the latter's processor time is counted.
 * Life in a worker: opened → (started → stopped)… → closed. Orders are placed before they are handed in.
 */

/** Where a contest takes place: an empty Redis and a fresh database that holds the shop's tables. */
export interface Place {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** A folder that both processes may write to. */
  readonly folder: string;
}

export interface Producer {
  /** Hands in many purchases, by the fastest way that is documented. */
  enqueueMany(orderIds: readonly string[]): Promise<void>;
  enqueueOne(orderId: string): Promise<void>;
  close(): Promise<void>;
}

export interface Worker {
  /** Resolves when it has begun to take work. */
  start(): Promise<void>;
  /** Takes no more work; resolves when what was in hand is done. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/**
 * PER_JOB: an engine whose unit is one job. BATCH: one whose handler is given many. OURS: this project's engine.
 * PRODUCT: this project's own purchase workflow. FLOOR: the same rows with no queue at all.
 */
export type Kind = 'PER_JOB' | 'BATCH' | 'OURS' | 'PRODUCT' | 'FLOOR';

export interface Contestant {
  /** Lower-case words with dashes; typed on the command line. */
  readonly name: string;
  /** As the report says it. */
  readonly label: string;
  readonly kind: Kind;
  /** Worker processes. (Default: 1) */
  readonly workers?: number;
  /** What was tuned, and by which documentation. */
  readonly tuning: string;
  /** Which orders it carries out. (Default: those of the saga) */
  readonly openShop?: OpenShop;
  install(place: Place): Promise<void>;
  /** Null when there is no queue: the worker finds its purchases in the table, and no latency is measured. */
  readonly openProducer: ((place: Place) => Promise<Producer>) | null;
  openWorker(place: Place): Promise<Worker>;
}

/** The orders of a contest: their tables, how they are placed, and what must be true of them in the end. */
export interface Shop {
  /** Ids of orders to come. */
  plan(count: number): string[];
  /** Places orders that wait to be handed in. */
  place(orderIds: readonly string[]): Promise<void>;
  countDone(): Promise<number>;
  /** When each of these orders was done: the time of its commit, in milliseconds since 1970. */
  doneAt(orderIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** What is wrong: purchases that were lost or done twice. Empty when all is well. */
  audit(orderIds: readonly string[]): Promise<string[]>;
  close(): Promise<void>;
}

/** @param ordersMax how many will be planned in all */
export type OpenShop = (place: Place, ordersMax: number) => Promise<Shop>;
