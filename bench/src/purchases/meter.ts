/** What a backlog cost: processor time of worker, PostgreSQL and Redis, and bytes of write-ahead log, per purchase. */
import { availableParallelism } from 'node:os';
import type postgres from 'postgres';
import { cpuMsOf, machineBusyMs } from '../machine/cpu.ts';
import type { PrivateServers } from '../machine/servers.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface Cost {
  /** Milliseconds of processor time per purchase; the servers' are null where there is no /proc. */
  readonly workerCpuMs: number;
  readonly postgresCpuMs: number | null;
  readonly redisCpuMs: number | null;
  readonly walBytes: number;
  /** Share of the machine's cores that went to processes that have nothing to do with it; 0 where there is no /proc. */
  readonly foreignShare: number;
}

/** Starts to measure. @returns reads what was used since, per purchase */
export async function meter(servers: PrivateServers, sql: postgres.Sql, worker: WorkerProcess) {
  const before = await readAll(servers, sql, worker);
  return async function read(purchases: number): Promise<Cost> {
    const after = await readAll(servers, sql, worker);
    const per = (from: number | null, to: number | null) =>
      from === null || to === null ? null : (to - from) / purchases;
    return {
      workerCpuMs: (after.workerMs - before.workerMs) / purchases,
      postgresCpuMs: per(before.postgresMs, after.postgresMs),
      redisCpuMs: per(before.redisMs, after.redisMs),
      walBytes: (after.walBytes - before.walBytes) / purchases,
      foreignShare: foreignShare(before, after),
    };
  };
}

type Reading = Awaited<ReturnType<typeof readAll>>;

function foreignShare(before: Reading, after: Reading): number {
  const spent = (part: (reading: Reading) => number | null) => (part(after) ?? 0) - (part(before) ?? 0);
  const ours = [
    (reading: Reading) => reading.workerMs,
    (reading: Reading) => reading.postgresMs,
    (reading: Reading) => reading.redisMs,
    (reading: Reading) => reading.benchMs,
  ].reduce((sum, part) => sum + spent(part), 0);
  const capacityMs = spent(({ atMs }) => atMs) * availableParallelism();
  return Math.max(0, spent(({ busyMs }) => busyMs) - ours) / capacityMs;
}

async function readAll(servers: PrivateServers, sql: postgres.Sql, worker: WorkerProcess) {
  const workerMs = await worker.cpuMs();
  const [row] = await sql<{ bytes: number }[]>`select (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as bytes`;
  return {
    workerMs,
    postgresMs: cpuMsOf(servers.postgresPid),
    redisMs: cpuMsOf(servers.redisPid),
    benchMs: benchMs(),
    busyMs: machineBusyMs(),
    atMs: performance.now(),
    walBytes: row?.bytes ?? Number.NaN,
  };
}

function benchMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** All of it together; NaN where the servers' part was not measured. */
export const totalCpuMs = ({ workerCpuMs, postgresCpuMs, redisCpuMs }: Cost): number =>
  workerCpuMs + (postgresCpuMs ?? Number.NaN) + (redisCpuMs ?? Number.NaN);
