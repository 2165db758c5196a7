/** graphile-worker: a task per stage whose jobs add the next one (chained), or one job that does all three stages. */
import { Logger, makeWorkerUtils, run, runMigrations, type TaskList } from 'graphile-worker';
import { z } from 'zod';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { openOrderSaga, STAGE_NAMES, stageAfter } from '../saga/per-order.ts';

const JOBS_AT_ONCE = 24;
const CONNECTIONS = 20;
const ADD_AT_ONCE = 1_000;
const TUNING =
  `as its performance page sets it up: concurrentJobs ${JOBS_AT_ONCE}, maxPoolSize ${JOBS_AT_ONCE + 1}, ` +
  `localQueue.size 500, completeJobBatchDelay 0, failJobBatchDelay 0; backlog by addJobs; ` +
  `${CONNECTIONS} connections of its own for the saga, prepared statements`;

const payloadSchema = z.object({ orderId: z.string() });
const silent = new Logger(() => (level, message) => {
  if (level === 'error') console.error(message);
});

async function openProducer(place: Place, task: string): Promise<Producer> {
  const utils = await makeWorkerUtils({ connectionString: place.databaseUrl, logger: silent });
  return {
    enqueueMany: async (orderIds) => {
      for (let at = 0; at < orderIds.length; at += ADD_AT_ONCE) {
        const part = orderIds.slice(at, at + ADD_AT_ONCE);
        await utils.addJobs(part.map((orderId) => ({ identifier: task, payload: { orderId } })));
      }
    },
    enqueueOne: async (orderId) => {
      await utils.addJob(task, { orderId });
    },
    close: async () => {
      await utils.release();
    },
  };
}

function openWith(place: Place, taskList: TaskList, close: () => Promise<void>): Worker {
  let stop = async () => {};
  return {
    start: async () => {
      const runner = await run({
        taskList,
        crontab: '',
        noHandleSignals: true,
        preset: {
          worker: {
            connectionString: place.databaseUrl,
            concurrentJobs: JOBS_AT_ONCE,
            maxPoolSize: JOBS_AT_ONCE + 1,
            localQueue: { size: 500 },
            completeJobBatchDelay: 0,
            failJobBatchDelay: 0,
            logger: silent,
          },
        },
      });
      stop = () => runner.stop();
    },
    stop: () => stop(),
    close,
  };
}

async function openChained(place: Place): Promise<Worker> {
  const saga = openOrderSaga(place.databaseUrl, CONNECTIONS);
  const tasks = STAGE_NAMES.map((stage): [string, TaskList[string]] => [
    stage,
    async (payload, helpers) => {
      const { orderId } = payloadSchema.parse(payload);
      await saga.run(stage, orderId);
      const next = stageAfter(stage);
      if (next) await helpers.addJob(next, { orderId });
    },
  ]);
  return openWith(place, Object.fromEntries(tasks), () => saga.close());
}

async function openSingle(place: Place): Promise<Worker> {
  const saga = openOrderSaga(place.databaseUrl, CONNECTIONS);
  const purchase: TaskList[string] = async (payload) => {
    const { orderId } = payloadSchema.parse(payload);
    for (const stage of STAGE_NAMES) await saga.run(stage, orderId);
  };
  return openWith(place, { purchase }, () => saga.close());
}

const install = (place: Place): Promise<void> => runMigrations({ connectionString: place.databaseUrl, logger: silent });

export const graphileChained: Contestant = {
  name: 'graphile-chained',
  label: 'graphile-worker, chained jobs',
  kind: 'PER_JOB',
  tuning: TUNING,
  install,
  openProducer: (place) => openProducer(place, 'validate'),
  openWorker: openChained,
};

export const graphileSingle: Contestant = {
  name: 'graphile-single',
  label: 'graphile-worker, one job',
  kind: 'PER_JOB',
  tuning: TUNING,
  install,
  openProducer: (place) => openProducer(place, 'purchase'),
  openWorker: openSingle,
};
