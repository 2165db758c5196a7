/** What a backlog cost: processor time of worker, PostgreSQL and Redis, and bytes of write-ahead log, per purchase. */
import type postgres from 'postgres';
import { cpuMsOf } from '../machine/cpu.ts';
import type { PrivateServers } from '../machine/servers.ts';
import type { WorkerProcess } from './worker-process.ts';

export interface Cost {
  /** Milliseconds of processor time per purchase; the servers' are null where there is no /proc. */
  readonly workerCpuMs: number;
  readonly postgresCpuMs: number | null;
  readonly redisCpuMs: number | null;
  readonly walBytes: number;
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
    };
  };
}

async function readAll(servers: PrivateServers, sql: postgres.Sql, worker: WorkerProcess) {
  const workerMs = await worker.cpuMs();
  const [row] = await sql<{ bytes: number }[]>`select (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8 as bytes`;
  return {
    workerMs,
    postgresMs: cpuMsOf(servers.postgresPid),
    redisMs: cpuMsOf(servers.redisPid),
    walBytes: row?.bytes ?? Number.NaN,
  };
}

/** All of it together; NaN where the servers' part was not measured. */
export const totalCpuMs = ({ workerCpuMs, postgresCpuMs, redisCpuMs }: Cost): number =>
  workerCpuMs + (postgresCpuMs ?? Number.NaN) + (redisCpuMs ?? Number.NaN);
