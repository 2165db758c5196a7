/**
 * This project's engine: the same saga as a workflow of three SQL stages, with everything on — outbox, relay, inbox,
 * runs, retries, dead letters, and every event kept for subscribers.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { openDatabase } from '../../../../src/db/client.ts';
import type { Parts } from '../../../../src/db/parts.ts';
import { migrateDatabase } from '../../../../src/db/migrate.ts';
import {
  advance,
  appendEvents,
  backoff,
  createEngine,
  createNotifier,
  declare,
  defineEvent,
  type EventType,
  openRedis,
  type Reads,
  type StageInput,
  together,
  untilDone,
} from '../../../../src/streams/index.ts';
import { toWire } from '../../../../src/streams/outbox.ts';
import { quiet } from '../../machine/quiet.ts';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { type Stage, STAGE_PARTS } from '../saga/stages.ts';

const SHARDS = 1;
const BATCH = 1_500;
const CONNECTIONS = 10;
const APPEND_AT_ONCE = 1_000;
const KEY_PREFIX = 'bench:';

/** As everybody's jobs: the order's id. What has come of it the event's type tells. */
const payload = z.object({ orderId: z.uuid() });
type Payload = z.output<typeof payload>;
const subject = ({ orderId }: { orderId: string }) => `purchase:${orderId}`;
const placed = defineEvent('purchase.placed', { payload, subject });
const validated = defineEvent('purchase.validated', { payload, subject });
const charged = defineEvent('purchase.charged', { payload, subject });
const fulfilled = defineEvent('purchase.fulfilled', { payload, subject, terminal: true });

const { stage, workflow } = declare<null>();

/** What a stage does with orders, each part of its SQL cut at its one parameter, the array of ids. */
const storing =
  (name: Stage) =>
  (orderIds: readonly string[]): Parts => {
    const ids = `{${orderIds.join(',')}}`;
    const cut = (text: string) => {
      const [before = '', after] = text.split('$1');
      return after === undefined ? sql.raw(before) : sql`${sql.raw(before)}${ids}${sql.raw(after)}`;
    };
    return Object.fromEntries(Object.entries(STAGE_PARTS[name]).map(([part, text]) => [part, cut(text)]));
  };

/** All orders of a batch, and what tells of each, in one statement. */
const stageOf = <Name extends string>(name: Stage, next: EventType<Name, Payload>) => {
  const store = storing(name);
  return async (_db: Reads, inputs: readonly StageInput<Payload>[]) =>
    inputs.map(({ payload: { orderId } }) => advance(next.of({ orderId }), together(store, orderId)));
};

const saga = workflow('saga', {
  startedBy: 'the bench',
  stages: [
    stage('validate', {
      on: placed,
      emits: [validated],
      retry: backoff({ attemptsMax: 3, delayMs: 500, delayMsMax: 5_000 }),
      decideBatch: stageOf('validate', validated),
    }),
    stage('charge', {
      on: validated,
      emits: [charged],
      retry: backoff({ attemptsMax: 3, delayMs: 500, delayMsMax: 5_000 }),
      pivot: true,
      decideBatch: stageOf('charge', charged),
    }),
    stage('fulfil', {
      on: charged,
      emits: [fulfilled],
      retry: untilDone({ delayMs: 1_000, delayMsMax: 60_000 }),
      decideBatch: stageOf('fulfil', fulfilled),
    }),
  ],
});

async function openProducer(place: Place): Promise<Producer> {
  const database = openDatabase(place.databaseUrl, { poolMax: 2 });
  const redis = openRedis(place.redisUrl, quiet);
  const wake = createNotifier(redis, KEY_PREFIX);
  const append = async (orderIds: readonly string[]) => {
    const now = new Date();
    const drafts = orderIds.map((orderId) => placed.of({ orderId }));
    const stored = await database.db.transaction((tx) => appendEvents(tx, drafts, { now, shards: SHARDS }));
    return drafts.flatMap((draft, at) => {
      const one = stored[at];
      return one ? [toWire(draft, one, now.toISOString())] : [];
    });
  };
  return {
    enqueueMany: async (orderIds) => {
      for (let at = 0; at < orderIds.length; at += APPEND_AT_ONCE)
        await append(orderIds.slice(at, at + APPEND_AT_ONCE));
      wake();
    },
    // As the API does: told as soon as it is committed.
    enqueueOne: async (orderId) => wake(await append([orderId])),
    close: async () => {
      redis.disconnect();
      await database.close();
    },
  };
}

async function openWorker(place: Place): Promise<Worker> {
  const database = openDatabase(place.databaseUrl, { poolMax: CONNECTIONS });
  const keyedDatabase = openDatabase(place.databaseUrl, { poolMax: CONNECTIONS, looksUpByKey: true });
  let engine: ReturnType<typeof createEngine<null>> | null = null;
  return {
    start: async () => {
      engine = createEngine({
        database,
        keyedDatabase,
        redisUrl: place.redisUrl,
        keyPrefix: KEY_PREFIX,
        shards: SHARDS,
        workflows: [saga],
        services: null,
        log: quiet,
        batchMax: BATCH,
      });
      engine.start();
    },
    stop: async () => {
      await engine?.stop();
      engine = null;
    },
    close: async () => {
      await keyedDatabase.close();
      await database.close();
    },
  };
}

export const engine: Contestant = {
  name: 'engine',
  label: 'Booky Hub engine, three stages',
  kind: 'OURS',
  tuning: `as shipped: batchMax ${BATCH}, ${SHARDS} shard, ${CONNECTIONS} connections, one process; every guarantee on`,
  install: ({ databaseUrl }) => migrateDatabase(databaseUrl),
  openProducer,
  openWorker,
};
