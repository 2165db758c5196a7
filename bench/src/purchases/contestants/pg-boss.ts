/**
 * pg-boss: a queue per stage (chained), one job that does all three stages, and its batch handlers given the set-based
 * SQL of the floor, which is the most that can be made of it.
 */
import { PgBoss } from 'pg-boss';
import postgres from 'postgres';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { openOrderSaga, STAGE_NAMES, stageAfter } from '../saga/per-order.ts';
import { STAGES } from '../saga/stages.ts';

const BATCH = 250;
const WORKERS = 2;
const CONNECTIONS = 20;
const SET_BATCH = 500;
const INSERT_AT_ONCE = 1_000;
const LISTEN =
  'LISTEN/NOTIFY on (useListenNotify, queue option notify), burstWhenBatchFull, persistence of statistics off, backlog by insert';

interface Job {
  orderId: string;
}
type Handle = (orderIds: readonly string[]) => Promise<void>;

function openBoss(place: Place, isWorker = true): PgBoss {
  const boss = new PgBoss({
    connectionString: place.databaseUrl,
    max: CONNECTIONS,
    useListenNotify: true,
    schedule: false,
    supervise: isWorker,
    migrate: isWorker,
  });
  boss.on('error', (error) => console.error(error));
  return boss;
}

const installWith = (queues: readonly string[]) => async (place: Place) => {
  const boss = await openBoss(place).start();
  for (const queue of queues) await boss.createQueue(queue, { notify: true, retryLimit: 2, retryBackoff: true });
  await boss.stop({ graceful: false });
};

async function openProducer(place: Place, queue: string): Promise<Producer> {
  const boss = await openBoss(place, false).start();
  return {
    enqueueMany: (orderIds) => insert(boss, queue, orderIds),
    enqueueOne: async (orderId) => {
      await boss.send(queue, { orderId });
    },
    close: () => boss.stop({ graceful: false }),
  };
}

async function insert(boss: PgBoss, queue: string, orderIds: readonly string[]): Promise<void> {
  for (let at = 0; at < orderIds.length; at += INSERT_AT_ONCE) {
    const part = orderIds.slice(at, at + INSERT_AT_ONCE);
    await boss.insert(
      queue,
      part.map((orderId) => ({ data: { orderId } })),
    );
  }
}

async function openWith(
  place: Place,
  options: { batchSize: number; localConcurrency: number },
  handlersOf: (boss: PgBoss) => ReadonlyMap<string, Handle>,
  closeSaga: () => Promise<void>,
): Promise<Worker> {
  const boss = await openBoss(place).start();
  const handlers = handlersOf(boss);
  return {
    start: async () => {
      for (const [queue, handle] of handlers) {
        await boss.work<Job>(
          queue,
          { ...options, burstWhenBatchFull: true, pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 },
          async (jobs) => handle(jobs.map((job) => job.data.orderId)),
        );
      }
    },
    stop: async () => {
      for (const queue of handlers.keys()) await boss.offWork(queue, { wait: true });
    },
    close: async () => {
      await boss.stop({ graceful: false });
      await closeSaga();
    },
  };
}

function openChained(place: Place): Promise<Worker> {
  const saga = openOrderSaga(place.databaseUrl, CONNECTIONS);
  const handlersOf = (boss: PgBoss) =>
    new Map(
      STAGE_NAMES.map((stage): [string, Handle] => [
        stage,
        async (orderIds) => {
          await Promise.all(orderIds.map((orderId) => saga.run(stage, orderId)));
          const next = stageAfter(stage);
          if (next) await insert(boss, next, orderIds);
        },
      ]),
    );
  return openWith(place, { batchSize: BATCH, localConcurrency: WORKERS }, handlersOf, () => saga.close());
}

function openSingle(place: Place): Promise<Worker> {
  const saga = openOrderSaga(place.databaseUrl, CONNECTIONS);
  const handle: Handle = async (orderIds) => {
    await Promise.all(
      orderIds.map(async (orderId) => {
        for (const stage of STAGE_NAMES) await saga.run(stage, orderId);
      }),
    );
  };
  return openWith(
    place,
    { batchSize: BATCH, localConcurrency: WORKERS },
    () => new Map([['purchase', handle]]),
    () => saga.close(),
  );
}

/** All stages of a batch one after the other, a statement each. */
function openSets(place: Place): Promise<Worker> {
  const sql = postgres(place.databaseUrl, { max: WORKERS, onnotice: () => {} });
  const handle: Handle = async (orderIds) => {
    for (const stage of STAGE_NAMES) await sql.unsafe(STAGES[stage], [`{${orderIds.join(',')}}`], { prepare: true });
  };
  const options = { batchSize: SET_BATCH, localConcurrency: WORKERS };
  return openWith(
    place,
    options,
    () => new Map([['purchase', handle]]),
    () => sql.end({ timeout: 5 }),
  );
}

/** A queue per stage, a statement per batch. */
function openChainedSets(place: Place): Promise<Worker> {
  const sql = postgres(place.databaseUrl, { max: WORKERS * STAGE_NAMES.length, onnotice: () => {} });
  const handlersOf = (boss: PgBoss) =>
    new Map(
      STAGE_NAMES.map((stage): [string, Handle] => [
        stage,
        async (orderIds) => {
          await sql.unsafe(STAGES[stage], [`{${orderIds.join(',')}}`], { prepare: true });
          const next = stageAfter(stage);
          if (next) await insert(boss, next, orderIds);
        },
      ]),
    );
  const options = { batchSize: SET_BATCH, localConcurrency: WORKERS };
  return openWith(place, options, handlersOf, () => sql.end({ timeout: 5 }));
}

const PER_JOB_TUNING = `batchSize ${BATCH}, localConcurrency ${WORKERS}, the jobs of a batch side by side over ${CONNECTIONS} connections with prepared statements; ${LISTEN}`;

export const pgBossChained: Contestant = {
  name: 'pg-boss-chained',
  label: 'pg-boss, chained jobs',
  kind: 'PER_JOB',
  tuning: `${PER_JOB_TUNING}; the next stage's jobs by one insert per batch`,
  install: installWith(STAGE_NAMES),
  openProducer: (place) => openProducer(place, 'validate'),
  openWorker: openChained,
};

export const pgBossSingle: Contestant = {
  name: 'pg-boss-single',
  label: 'pg-boss, one job',
  kind: 'PER_JOB',
  tuning: PER_JOB_TUNING,
  install: installWith(['purchase']),
  openProducer: (place) => openProducer(place, 'purchase'),
  openWorker: openSingle,
};

const SET_TUNING = `batchSize ${SET_BATCH}, localConcurrency ${WORKERS}, the floor's statements per batch; a failing order fails its whole batch; ${LISTEN}`;

export const pgBossChainedSets: Contestant = {
  name: 'pg-boss-chained-sets',
  label: 'pg-boss, chained, set-based SQL per batch',
  kind: 'BATCH',
  tuning: `${SET_TUNING}; the next stage's jobs by one insert per batch`,
  install: installWith(STAGE_NAMES),
  openProducer: (place) => openProducer(place, 'validate'),
  openWorker: openChainedSets,
};

export const pgBossSets: Contestant = {
  name: 'pg-boss-sets',
  label: 'pg-boss, one job, set-based SQL per batch',
  kind: 'BATCH',
  tuning: SET_TUNING,
  install: installWith(['purchase']),
  openProducer: (place) => openProducer(place, 'purchase'),
  openWorker: openSets,
};
