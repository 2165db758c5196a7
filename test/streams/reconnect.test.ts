/** What happens to a running engine and its subscribers when PostgreSQL cuts every connection. */
import postgres from 'postgres';
import { expect, inject, test, vi } from 'vitest';
import { LiveFeed } from '../../src/streams/index.ts';
import { useDatabase } from '../support/database.ts';
import { createTestEngine, quietLog } from './support.ts';
import { shipping } from './workflows.ts';

const database = useDatabase();

test('both go on, and the subscriber has missed nothing', async () => {
  const admin = postgres(inject('databaseUrl'), { max: 1, onnotice: () => {} });
  const name = new URL(database.url).pathname.slice(1);
  const engine = createTestEngine(database.current, [shipping]);
  const { redis, keyPrefix } = engine;
  const feed = new LiveFeed({
    db: database.current.db,
    redis,
    redisUrl: inject('redisUrl'),
    keyPrefix,
    eventTypes: ['parcel.ordered', 'parcel.packed', 'parcel.paid', 'parcel.shipped'],
    shards: 1,
    log: quietLog,
  });
  await feed.start();
  engine.start();
  try {
    const events = feed.subscribe('parcel:late', { after: 0 });
    const first = events.next();
    await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`;
    // The order itself may meet a connection that is gone: nothing was accepted then, and it is placed again.
    await vi.waitFor(async () => expect(await engine.order('late')).toHaveLength(1), { timeout: 10_000 });
    const seen = [(await first).value.seq];
    while (seen.length < 4) seen.push((await events.next()).value.seq);
    expect(seen).toEqual([1, 2, 3, 4]);
  } finally {
    await engine.stop();
    await feed.stop();
    await admin.end();
  }
}, 60_000);
