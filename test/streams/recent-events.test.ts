import { afterEach, describe, expect, test, vi } from 'vitest';
import { RecentEvents } from '../../src/streams/recent-events.ts';
import type { WireEvent } from '../../src/streams/delivery.ts';
import { useDatabase } from '../support/database.ts';
import { createTestEngine, type TestEngine } from './support.ts';
import { shipping } from './workflows.ts';

const AT = '2026-01-01T00:00:00.000Z';
const event = (id: number, over: Partial<WireEvent> = {}): WireEvent => ({
  id,
  type: 'parcel.packed',
  subject: `parcel:${id}`,
  seq: 2,
  runId: 'shipping/1',
  stage: 'shipping.pack',
  attempts: 1,
  durationMs: 3,
  payload: { parcel: `${id}` },
  createdAt: AT,
  again: null,
  ...over,
});

describe('what was just stored', () => {
  test('is told once, in the order of its pack', () => {
    const recent = new RecentEvents();
    recent.lead(0);
    for (const id of [1, 2, 3]) recent.note(0, event(id));
    expect(JSON.parse(recent.take([3, 1], AT)?.events ?? '')).toEqual([event(3), event(1)]);
    expect(recent.take([3], AT)).toBeNull();
    expect(JSON.parse(recent.take([2], AT)?.events ?? '')).toEqual([event(2)]);
  });

  test('is said to be in the hands of a process when all of the pack is', () => {
    const recent = new RecentEvents();
    recent.lead(0);
    for (const id of [1, 2, 3, 4]) recent.note(0, event(id), id === 3 ? null : 'here');
    expect(recent.take([1, 2], AT)?.carrier).toBe('here');
    expect(recent.take([3, 4], AT)?.carrier).toBeNull();
  });

  test('is not told when a part of the pack is missing', () => {
    const recent = new RecentEvents();
    recent.lead(0);
    recent.note(0, event(1));
    expect(recent.take([1, 2], AT)).toBeNull();
  });

  test('is not told of another event that got the same number later', () => {
    const recent = new RecentEvents();
    recent.lead(0);
    recent.note(0, event(1));
    expect(recent.take([1], '2026-01-01T00:00:00.001Z')).toBeNull();
  });

  test('is kept only while this process leads the shard, and forgotten with that', () => {
    const recent = new RecentEvents();
    recent.note(0, event(1));
    expect(recent.take([1], AT)).toBeNull();
    const end = recent.lead(0);
    recent.note(1, event(2));
    recent.note(0, event(3));
    end();
    recent.note(0, event(4));
    for (const id of [2, 3, 4]) expect(recent.take([id], AT)).toBeNull();
  });

  test('is forgotten, the oldest first, when it is too much', () => {
    const size = JSON.stringify(event(1)).length;
    const recent = new RecentEvents(2 * size);
    recent.lead(0);
    for (const id of [1, 2, 3]) recent.note(0, event(id));
    expect(recent.take([1], AT)).toBeNull();
    expect(recent.take([2], AT)).not.toBeNull();
    // What was taken makes room again.
    recent.note(0, event(4));
    expect(recent.take([3], AT)).not.toBeNull();
  });
});

describe('what travels', () => {
  const database = useDatabase();
  let engine: TestEngine;
  afterEach(() => engine.stop());

  test('is what is stored, be it sent from memory or read', async () => {
    engine = createTestEngine(database.current, [shipping], { shards: 2 });
    const take = vi.spyOn(RecentEvents.prototype, 'take');
    engine.start();
    await engine.order(...Array.from({ length: 20 }, (_, index) => `p${index} "ä"\n\u2028`));
    engine.wake();
    await vi.waitFor(async () => expect(await sent(engine)).toHaveLength(80), { timeout: 20_000, interval: 10 });
    const fromMemory = take.mock.results.map(({ value }) => value !== null);
    take.mockRestore();
    expect(new Set(fromMemory)).toEqual(new Set([true, false]));
    const stored = await database.current.sql<WireEvent[]>`
      select id::int, type, subject, seq, run_id as "runId", stage, attempts, duration_ms as "durationMs", payload,
             created_at as "createdAt", null as again from event order by id`;
    expect(await sent(engine)).toEqual(stored.map(withInstant));
  });
});

/** Everything in the streams, the instants as such, in the order of the events' ids. */
async function sent({ redis, keys }: TestEngine) {
  const events: WireEvent[] = [];
  for (const stream of ['parcel.ordered', 'parcel.packed', 'parcel.paid', 'parcel.shipped']) {
    for (const shard of [0, 1]) {
      for (const [, fields] of await redis.xrange(keys.key(stream, shard), '-', '+')) {
        const pack: WireEvent[] = JSON.parse(fields[1] ?? '[]');
        events.push(...pack);
      }
    }
  }
  return events.toSorted((a, b) => a.id - b.id).map(withInstant);
}

const withInstant = (one: WireEvent) => ({ ...one, createdAt: new Date(one.createdAt) });
