/** DBOS: one durable workflow of three steps, started through a queue. */
import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk';
import type { Contestant, Place, Producer, Worker } from '../contestant.ts';
import { type OrderSaga, openOrderSaga, STAGE_NAMES } from '../saga/per-order.ts';

const CONCURRENCY = 100;
const CONNECTIONS = 20;
const ENQUEUE_AT_ONCE = 16;
const POLL_MS = 10;
const QUEUE = 'purchases';
const VERSION = 'bench';
const WORKFLOW = 'purchase';

let saga: OrderSaga | null = null;

async function purchase(orderId: string): Promise<void> {
  for (const stage of STAGE_NAMES) await DBOS.runStep(async () => saga?.run(stage, orderId), { name: stage });
}
const registered = DBOS.registerWorkflow(purchase, { name: WORKFLOW });

function configure({ databaseUrl }: Place): void {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: CONNECTIONS,
    applicationVersion: VERSION,
    logLevel: 'error',
  });
}

async function launch(place: Place): Promise<void> {
  configure(place);
  await DBOS.launch();
  await DBOS.registerQueue(QUEUE, { workerConcurrency: CONCURRENCY, minPollingIntervalMs: POLL_MS });
}

async function openProducer({ databaseUrl }: Place): Promise<Producer> {
  const client = await DBOSClient.create({ systemDatabaseUrl: databaseUrl });
  const enqueueOne = async (orderId: string) => {
    await client.enqueue<typeof registered>(
      { queueName: QUEUE, workflowName: WORKFLOW, workflowID: orderId, appVersion: VERSION },
      orderId,
    );
  };
  return {
    enqueueOne,
    enqueueMany: async (orderIds) => {
      const waiting = [...orderIds];
      const loop = async () => {
        for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await enqueueOne(id);
      };
      await Promise.all(Array.from({ length: ENQUEUE_AT_ONCE }, loop));
    },
    close: () => client.destroy(),
  };
}

export const dbos: Contestant = {
  name: 'dbos',
  label: 'DBOS, workflow of three steps',
  kind: 'PER_JOB',
  tuning:
    `a queue with workerConcurrency ${CONCURRENCY} and minPollingIntervalMs ${POLL_MS} (default 1,000), ` +
    `systemDatabasePoolSize ${CONNECTIONS} (default 10), system tables in the same database, ` +
    `${CONNECTIONS} connections for the saga with prepared statements`,
  install: async (place) => {
    await launch(place);
    await DBOS.shutdown();
  },
  openProducer,
  openWorker: async (place): Promise<Worker> => {
    const opened = openOrderSaga(place.databaseUrl, CONNECTIONS);
    saga = opened;
    return {
      start: () => launch(place),
      stop: () => DBOS.shutdown(),
      close: () => opened.close(),
    };
  },
};
