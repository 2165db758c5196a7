/** A toy business for the engine's own tests: parcels that are packed, paid for and shipped. It knows nothing of books. */
import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { z } from 'zod';
import type { Database } from '../../src/db/client.ts';
import { appendEvents, createEngine, declare, defineEvent, type Workflow } from '../../src/streams/index.ts';

export interface Services {
  /** What the outside was asked to do, in order. */
  calls: string[];
  /** Errors that the next calls of a stage throw, by stage. */
  failing: Map<string, (() => Error)[]>;
}

const payload = z.object({ parcel: z.string() });
const subject = (parcel: { parcel: string }) => `parcel:${parcel.parcel}`;
export const parcelOrdered = defineEvent('parcel.ordered', { payload, subject });
export const parcelPacked = defineEvent('parcel.packed', { payload, subject });
export const parcelPaid = defineEvent('parcel.paid', { payload, subject });
export const parcelShipped = defineEvent('parcel.shipped', { payload, subject, terminal: true });
export const parcelRefused = defineEvent('parcel.refused', { payload, subject, terminal: true });
export const parcelCancelled = defineEvent('parcel.cancelled', { payload, subject, terminal: true });

export const { stage, workflow } = declare<Services>();

/** Records a call and throws what the test has prepared for it. */
export function call(services: Services, name: string, parcel: string): void {
  services.calls.push(`${name} ${parcel}`);
  const error = services.failing.get(name)?.shift();
  if (error) throw error();
}

export const fail = (services: Services, name: string, ...errors: Error[]): void => {
  services.failing.set(name, [...(services.failing.get(name) ?? []), ...errors.map((error) => () => error)]);
};

export class ManualClock {
  #nowMs = Date.parse('2026-01-01T00:00:00Z');
  now = (): Date => new Date(this.#nowMs);
  advanceTime(ms: number): void {
    this.#nowMs += ms;
  }
}

export const quietLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** An engine on real PostgreSQL and Redis whose time and passes are moved by hand. */
export function createTestEngine(
  database: Database,
  workflows: readonly Workflow<Services>[],
  options: { keyPrefix?: string; shards?: number; batchMax?: number } = {},
) {
  const services: Services = { calls: [], failing: new Map() };
  const clock = new ManualClock();
  const shards = options.shards ?? 1;
  const keyPrefix = options.keyPrefix ?? `test:${randomUUID()}:`;
  const engine = createEngine({
    database,
    redisUrl: inject('redisUrl'),
    keyPrefix,
    shards,
    workflows,
    services,
    log: quietLog,
    clock,
    random: () => 0,
    ...(options.batchMax !== undefined && { batchMax: options.batchMax }),
  });
  return {
    ...engine,
    services,
    clock,
    keyPrefix,
    advanceTime: (ms: number) => clock.advanceTime(ms),
    order: (...parcels: string[]) =>
      database.db.transaction((tx) =>
        appendEvents(
          tx,
          parcels.map((parcel) => parcelOrdered.of({ parcel })),
          { now: clock.now(), shards },
        ),
      ),
    /** Types of a parcel's events, in order. */
    history: async (parcel: string) => {
      const rows = await database.sql<{ type: string }[]>`
        select type from event where subject = ${`parcel:${parcel}`} order by seq`;
      return rows.map((row) => row.type);
    },
    run: async (parcel: string) => {
      const [row] = await database.sql<
        { state: string; stage: string; failures: number; last_error: string | null; retry_at: Date | null }[]
      >`select state, stage, failures, last_error, retry_at from run where subject = ${`parcel:${parcel}`}`;
      return row;
    },
    /** Everything Redis holds of this engine is gone. */
    loseRedis: async () => {
      const names = await engine.redis.keys(`${keyPrefix}*`);
      if (names.length > 0) await engine.redis.del(...names);
    },
  };
}
export type TestEngine = ReturnType<typeof createTestEngine>;
