/** Starts the worker's process of a contest, and talks to it. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Place } from './contestant.ts';

const mainPath = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
const answerSchema = z.object({ cpuMs: z.number() });
/** Starting, stopping and closing end within this time, or the contestant has failed. */
const ANSWER_TIMEOUT_MS = 60_000;

export interface WorkerProcess {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Processor time of this process so far, in milliseconds. */
  cpuMs(): Promise<number>;
  /** Closes the contestant and ends the process. */
  close(): Promise<void>;
}

/** Several processes of one contestant as if they were one. @throws Error when one ends or stays silent */
export async function startWorkerProcesses(name: string, place: Place, count: number): Promise<WorkerProcess> {
  const all = await Promise.all(Array.from({ length: count }, () => startWorkerProcess(name, place)));
  const each = async (ask: (worker: WorkerProcess) => Promise<void>) => {
    await Promise.all(all.map(ask));
  };
  return {
    start: () => each((worker) => worker.start()),
    stop: () => each((worker) => worker.stop()),
    close: () => each((worker) => worker.close()),
    cpuMs: async () => {
      const used = await Promise.all(all.map((worker) => worker.cpuMs()));
      return used.reduce((total, ms) => total + ms, 0);
    },
  };
}

/** @throws Error when the process ends or stays silent */
async function startWorkerProcess(name: string, place: Place): Promise<WorkerProcess> {
  const child = fork(mainPath, [name, JSON.stringify(place)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ask = async (command: string) => {
    const answered = nextAnswer(name, child);
    child.send(command);
    return answered;
  };
  await nextAnswer(name, child);
  return {
    start: async () => {
      await ask('START');
    },
    stop: async () => {
      await ask('STOP');
    },
    cpuMs: async () => (await ask('MEASURE')).cpuMs,
    close: async () => {
      try {
        await ask('CLOSE');
      } finally {
        child.kill('SIGKILL');
      }
    },
  };
}

async function nextAnswer(name: string, child: ChildProcess): Promise<{ cpuMs: number }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ cpuMs: number }>();
  const onMessage = (message: unknown) => resolve(answerSchema.parse(message));
  const onExit = (code: number | null) => reject(new Error(`the worker of ${name} ended with code ${code}`));
  const timer = setTimeout(() => reject(new Error(`the worker of ${name} does not answer`)), ANSWER_TIMEOUT_MS);
  child.once('message', onMessage);
  child.once('exit', onExit);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off('message', onMessage);
    child.off('exit', onExit);
  }
}
