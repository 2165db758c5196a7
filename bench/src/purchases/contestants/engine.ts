/**
 * This project's engine: the same saga as a workflow of three SQL stages, with everything on — outbox, relay, inbox,
 * runs, retries, dead letters, and every event kept for subscribers.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { openDatabase, type Tx } from '../../../../src/db/client.ts';
import { migrateDatabase } from '../../../../src/db/migrate.ts';
import {
  advance,
  appendEvents,
  backoff,
  createEngine,
  createNotifier,
  declare,
  defineEvent,
  openRedis,
  type StageInput,
  untilDone,
} from '../../../../src/streams/index.ts';
import { toWire } from '../../../../src/streams/outbox.ts';
import { quiet } from '../../machine/quiet.ts';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { type Stage, STAGES } from '../saga/stages.ts';

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

/** Cuts a stage's SQL at its one parameter, the array of ids. */
async function runStage(tx: Tx, name: Stage, inputs: readonly StageInput<Payload>[]): Promise<void> {
  const ids = `{${inputs.map((input) => input.payload.orderId).join(',')}}`;
  const [before = '', after = ''] = STAGES[name].split('$1');
  await tx.execute(sql`${sql.raw(before)}${ids}${sql.raw(after)}`);
}

const saga = workflow('saga', {
  startedBy: 'the bench',
  stages: [
    stage('validate', {
      on: placed,
      emits: [validated],
      retry: backoff({ attemptsMax: 3, delayMs: 500, delayMsMax: 5_000 }),
      runBatch: async (tx, inputs) => {
        await runStage(tx, 'validate', inputs);
        return inputs.map(({ payload: { orderId } }) => advance(validated.of({ orderId })));
      },
    }),
    stage('charge', {
      on: validated,
      emits: [charged],
      retry: backoff({ attemptsMax: 3, delayMs: 500, delayMsMax: 5_000 }),
      pivot: true,
      runBatch: async (tx, inputs) => {
        await runStage(tx, 'charge', inputs);
        return inputs.map(({ payload: { orderId } }) => advance(charged.of({ orderId })));
      },
    }),
    stage('fulfil', {
      on: charged,
      emits: [fulfilled],
      retry: untilDone({ delayMs: 1_000, delayMsMax: 60_000 }),
      runBatch: async (tx, inputs) => {
        await runStage(tx, 'fulfil', inputs);
        return inputs.map(({ payload: { orderId } }) => advance(fulfilled.of({ orderId })));
      },
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
