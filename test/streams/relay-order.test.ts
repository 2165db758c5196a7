/** Packs of several streams reach Redis as they were committed, so that who follows a subject has the next event at hand. */
import { randomUUID } from 'node:crypto';
import { afterEach, expect, inject, test } from 'vitest';
import type { Db } from '../../src/db/client.ts';
import type { EventDraft } from '../../src/streams/event.ts';
import { appendEvents } from '../../src/streams/index.ts';
import { LiveFeed } from '../../src/streams/live.ts';
import { openRedis, streamKeys } from '../../src/streams/redis.ts';
import { relayOnce } from '../../src/streams/relay.ts';
import { useDatabase } from '../support/database.ts';
import { parcelOrdered, parcelPacked, parcelPaid, parcelShipped, quietLog } from './support.ts';

const database = useDatabase();
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** The same database, and the statements that it was asked for. */
function counted(db: Db) {
  let statements = 0;
  const counting = new Proxy(db, {
    get(target, name) {
      if (name === 'execute') statements += 1;
      return Reflect.get(target, name, target);
    },
  });
  return { db: counting, statements: () => statements };
}

test('a subscriber is given the steps of a run that were sent at once, and asks the database for none of them', async () => {
  const { db } = database.current;
  const redis = openRedis(inject('redisUrl'), quietLog);
  stops.push(() => redis.disconnect());
  const keyPrefix = `test:${randomUUID()}:`;
  const keys = streamKeys(keyPrefix);
  const append = (event: EventDraft) =>
    db.transaction((tx) => appendEvents(tx, [event], { now: new Date(), shards: 1 }));
  const relay = () => relayOnce({ db, redis, keys, shard: 0, registry: { readersOf: () => [] }, log: quietLog });
  const { db: watched, statements } = counted(db);
  const eventTypes = [parcelOrdered, parcelPacked, parcelPaid, parcelShipped].map(({ type }) => type);
  const feed = new LiveFeed({
    db: watched,
    redis,
    redisUrl: inject('redisUrl'),
    keyPrefix,
    eventTypes,
    shards: 1,
    log: quietLog,
  });
  // The streams of the first steps are further on than those of the last.
  for (const event of [parcelPacked, parcelPacked, parcelPaid]) await append(event.of({ parcel: 'a' }));
  await relay();
  await feed.start();
  stops.push(() => feed.stop());
  const live = feed.subscribe('parcel:a', { after: null });
  live.startAfter(3);
  const before = statements();
  for (const event of [parcelPacked, parcelPaid, parcelShipped]) await append(event.of({ parcel: 'a' }));
  await relay();
  const seen = [];
  for (let step = 0; step < 3; step++) seen.push((await live.next()).value?.type);
  expect(seen).toEqual(['parcel.packed', 'parcel.paid', 'parcel.shipped']);
  expect(statements() - before).toBe(0);
});
