import { expect, test } from 'vitest';
import { outbox, runs } from '../../src/db/tables/engine.ts';
import { refuseStrandedShards, StrandedShardsError } from '../../src/streams/shards.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();
const refuse = (shards: number) => refuseStrandedShards(database.current.db, shards);
const run = {
  workflow: 'purchase',
  subject: 'order:x',
  stage: 'purchase.validate',
  atEventId: 1,
  startedAt: new Date(),
};

test('fewer shards than there is work in are refused, with the number to start with', async () => {
  await refuse(1);
  await database.current.db.insert(runs).values({ ...run, id: 'purchase/1', shard: 2, state: 'PARKED' });
  await expect(refuse(2)).rejects.toThrow(StrandedShardsError);
  await expect(refuse(2)).rejects.toThrow('STREAM_SHARDS=3');
  await refuse(3);
});

test('shards in which all has ended and was sent may go', async () => {
  const ended = { state: 'COMPLETED' as const, endedAt: new Date() };
  await database.current.db.insert(runs).values({ ...run, ...ended, id: 'purchase/1', shard: 2 });
  await database.current.db.insert(outbox).values({ shard: 3, stream: 'order.placed', eventIds: [1], pubSeq: 1 });
  await refuse(1);
  await database.current.db.insert(outbox).values({ shard: 3, stream: 'order.placed', eventIds: [2] });
  await expect(refuse(3)).rejects.toThrow(StrandedShardsError);
});
