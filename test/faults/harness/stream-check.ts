/**
 * What Redis holds, compared with what PostgreSQL stamped: read by XRANGE and plain SQL.
 *
 * Trimming may have taken the beginning of a stream; from its first entry on, nothing may be missing, doubled, moved or
 * another event than the one that was stamped with that number.
 */
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Database } from '../../../src/db/client.ts';
import { openEntry } from './entries.ts';
import { tell } from './invariants.ts';

type Sql = Database['sql'];

const wire = z.object({ id: z.int(), type: z.string() });
const PAGE_MAX = 1_000;

interface Entry {
  number: number;
  eventId: number | null;
}

/** The events of one stream, in its order. */
async function readStream(redis: Redis, key: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let from = '-';
  for (;;) {
    const page = await redis.xrange(key, from, '+', 'COUNT', PAGE_MAX);
    for (const [id, fields] of page) {
      for (const { number, event } of openEntry(id, fields)) {
        const parsed = wire.safeParse(event);
        entries.push({ number, eventId: parsed.success ? parsed.data.id : null });
      }
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE_MAX) return entries;
    from = `(${last[0]}`;
  }
}

/** Streams whose entries do not follow one upon the other, at this very moment. Safe to ask while work goes on. */
export async function findHoles(redis: Redis, sql: Sql, prefix: string): Promise<string[]> {
  const heads = await sql<{ stream: string; shard: number }[]>`select stream, shard from stream_head`;
  const holes: string[] = [];
  for (const { stream, shard } of heads) {
    const entries = await readStream(redis, `${prefix}${stream}:${shard}`);
    for (const [index, entry] of entries.entries()) {
      const before = entries[index - 1];
      if (before && entry.number !== before.number + 1) {
        holes.push(`${stream}: ${before.number} is followed by ${entry.number}`);
      }
    }
  }
  return holes;
}

/**
 * Compares every stream with the database, once nothing moves any more.
 * @returns what is wrong, and how many entries were compared
 */
export async function auditStreams(
  redis: Redis,
  sql: Sql,
  prefix: string,
): Promise<{ violations: string[]; entries: number }> {
  const heads = await sql<{ stream: string; shard: number; last: string }[]>`
    select stream, shard, last_pub_seq as last from stream_head`;
  const violations: string[] = [];
  let compared = 0;
  for (const { stream, shard, last } of heads) {
    const entries = await readStream(redis, `${prefix}${stream}:${shard}`);
    compared += entries.length;
    const stamped = await sql<{ pub_seq: string; id: string }[]>`
      select o.pub_seq - cardinality(o.event_ids) + i.place as pub_seq, i.id
      from outbox o, unnest(o.event_ids) with ordinality as i(id, place)
      where o.stream = ${stream} and o.shard = ${shard} and o.pub_seq is not null order by 1`;
    const expected = new Map(stamped.map((row) => [Number(row.pub_seq), Number(row.id)]));
    const end = entries.at(-1)?.number;
    if (end !== undefined && end !== Number(last)) violations.push(`${stream} ends at ${end} in Redis, not at ${last}`);
    const wrong = entries.filter((entry) => expected.get(entry.number) !== entry.eventId);
    violations.push(...tell(`entries of ${stream} hold another event`, wrong, (entry) => String(entry.number)));
    const gaps = entries.filter((entry, index) => {
      const before = entries[index - 1];
      return before !== undefined && entry.number !== before.number + 1;
    });
    violations.push(...tell(`holes in ${stream}`, gaps, (entry) => `before ${entry.number}`));
  }
  return { violations, entries: compared };
}

/** Entries that some stage was handed and never acknowledged, over all streams and groups. */
export async function countPending(redis: Redis, sql: Sql, prefix: string): Promise<number> {
  const heads = await sql<{ stream: string; shard: number }[]>`select stream, shard from stream_head`;
  let pending = 0;
  for (const { stream, shard } of heads) {
    const groups = await redis.xinfo('GROUPS', `${prefix}${stream}:${shard}`).catch(() => []);
    if (!Array.isArray(groups)) continue;
    for (const group of groups) {
      if (Array.isArray(group)) pending += Number(group[group.indexOf('pending') + 1]);
    }
  }
  return pending;
}
