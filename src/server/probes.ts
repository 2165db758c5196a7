/** `/healthz`: the process lives. `/readyz`: it can do its work, or what it lacks. */
import { sql } from 'drizzle-orm';
import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../db/client.ts';
import { describeError } from '../streams/errors.ts';
import type { Log } from '../streams/log.ts';
import { allowMethods, type Route, sendJson } from './http.ts';

const PROBE_TIMEOUT_MS = 2_000;

export interface Probed {
  db: Db;
  redis: { ping(): Promise<string> };
  log: Log;
  stopping: AbortSignal;
}

export const healthz: Route = (exchange) => {
  allowMethods(exchange, 'GET', 'HEAD');
  sendJson(exchange.response, 200, { status: 'UP' });
};

/**
 * 503 while the database, Redis or the tables are missing, and while the process stops. One line is logged when
 * something goes away and one when it is back, however often it is asked meanwhile.
 */
export function readyz({ db, redis, log, stopping }: Probed): Route {
  const missing = new Set<string>();
  const tell = (name: string, error: Error | null) => {
    if (error && !missing.has(name)) {
      missing.add(name);
      log.warn({ probe: name, error: describeError(error) }, 'not ready: this does not answer');
    } else if (!error && missing.delete(name)) log.warn({ probe: name }, 'this answers again');
  };
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    const entries = await Promise.all([
      probe('database', () => db.execute(sql`select 1`), tell),
      // Any table of the first migration will do: migrations run whole or not at all.
      probe('migrations', () => db.execute(sql`select 1 from stage_progress limit 1`), tell),
      probe('redis', () => redis.ping(), tell),
    ]);
    const isReady = entries.every(([, status]) => status === 'UP') && !stopping.aborted;
    const checks = Object.fromEntries([...entries, ['stopping', stopping.aborted ? 'YES' : 'NO']]);
    sendJson(exchange.response, isReady ? 200 : 503, { status: isReady ? 'UP' : 'DOWN', checks });
  };
}

async function probe(
  name: string,
  ask: () => PromiseLike<unknown>,
  tell: (name: string, error: Error | null) => void,
): Promise<[string, 'UP' | 'DOWN']> {
  const overdue = new AbortController();
  try {
    const late = delay(PROBE_TIMEOUT_MS, undefined, { signal: overdue.signal }).then(() => {
      throw new Error(`no answer within ${PROBE_TIMEOUT_MS} ms`);
    });
    await Promise.race([ask(), late]);
    tell(name, null);
    return [name, 'UP'];
  } catch (error) {
    tell(name, error instanceof Error ? error : new Error(String(error)));
    return [name, 'DOWN'];
  } finally {
    overdue.abort();
  }
}
