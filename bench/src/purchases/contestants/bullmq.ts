/** BullMQ: a queue per stage whose jobs add the next one (chained), or one job that does all three stages. */
import { type ConnectionOptions, Queue, Worker as BullWorker } from 'bullmq';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { openOrderSaga, STAGE_NAMES, stageAfter } from '../saga/per-order.ts';
import type { Stage } from '../saga/stages.ts';

const CONCURRENCY = 100;
const CONNECTIONS = 20;
const ADD_AT_ONCE = 1_000;
const KEEP = { attempts: 3, backoff: { type: 'exponential', delay: 1_000 }, removeOnComplete: true };
const TUNING =
  `concurrency ${CONCURRENCY} a worker (docs: guide/workers/concurrency), removeOnComplete (guide/auto-removal), ` +
  `backlog by addBulk, 3 attempts with backoff, Redis with noeviction and appendfsync everysec (guide/going-to-production), ` +
  `${CONNECTIONS} connections to PostgreSQL with prepared statements`;

interface Job {
  orderId: string;
}

function connectionOf(redisUrl: string): ConnectionOptions {
  const url = new URL(redisUrl);
  return { host: url.hostname, port: Number(url.port), password: url.password, maxRetriesPerRequest: null };
}

async function openProducer(place: Place, queueName: string): Promise<Producer> {
  const queue = new Queue<Job>(queueName, { connection: connectionOf(place.redisUrl), defaultJobOptions: KEEP });
  return {
    enqueueMany: async (orderIds) => {
      for (let at = 0; at < orderIds.length; at += ADD_AT_ONCE) {
        const part = orderIds.slice(at, at + ADD_AT_ONCE);
        await queue.addBulk(part.map((orderId) => ({ name: queueName, data: { orderId } })));
      }
    },
    enqueueOne: async (orderId) => {
      await queue.add(queueName, { orderId });
    },
    close: () => queue.close(),
  };
}

/** @param work what a queue's jobs do, by the queue's name */
function consume(place: Place, work: ReadonlyMap<string, (orderId: string) => Promise<void>>) {
  let workers: BullWorker<Job>[] = [];
  return {
    start: async () => {
      workers = [...work].map(
        ([name, handle]) =>
          new BullWorker<Job>(name, (job) => handle(job.data.orderId), {
            connection: connectionOf(place.redisUrl),
            concurrency: CONCURRENCY,
          }),
      );
      for (const worker of workers) worker.on('error', (error) => console.error(error));
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      workers = [];
    },
  };
}

async function openChained(place: Place): Promise<Worker> {
  const saga = openOrderSaga(place.databaseUrl, CONNECTIONS);
  const connection = connectionOf(place.redisUrl);
  const queues = new Map(
    STAGE_NAMES.map((stage) => [stage, new Queue<Job>(stage, { connection, defaultJobOptions: KEEP })]),
  );
  const work = async (stage: Stage, orderId: string) => {
    await saga.run(stage, orderId);
    const next = stageAfter(stage);
    // The id makes a repeated addition harmless.
    if (next) await queues.get(next)?.add(next, { orderId }, { jobId: orderId });
  };
  return {
    ...consume(place, new Map(STAGE_NAMES.map((stage) => [stage, (orderId) => work(stage, orderId)]))),
    close: async () => {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      await saga.close();
    },
  };
}

async function openSingle(place: Place): Promise<Worker> {
  const saga = openOrderSaga(place.databaseUrl, CONNECTIONS);
  const work = async (orderId: string) => {
    for (const stage of STAGE_NAMES) await saga.run(stage, orderId);
  };
  return { ...consume(place, new Map([['purchase', work]])), close: () => saga.close() };
}

export const bullmqChained: Contestant = {
  name: 'bullmq-chained',
  label: 'BullMQ, chained jobs',
  kind: 'PER_JOB',
  tuning: TUNING,
  install: async () => {},
  openProducer: (place) => openProducer(place, 'validate'),
  openWorker: openChained,
};

export const bullmqSingle: Contestant = {
  name: 'bullmq-single',
  label: 'BullMQ, one job',
  kind: 'PER_JOB',
  tuning: TUNING,
  install: async () => {},
  openProducer: (place) => openProducer(place, 'purchase'),
  openWorker: openSingle,
};
