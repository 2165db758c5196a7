/**
 * Relay: moves committed events into Redis Streams.
 *
 * Promise: each stream holds every event once, in the order of their numbers, without holes; a stream that Redis lost is
 * rebuilt from the oldest event that some stage has not finished.
 * Life of a pack: appended → stamped (one leader per shard) → XADD if the stream's last number is the one before.
 * A second leader does no harm: stamping is serialized by a lock, appending by the compare.
 * Not here: retries of handlers (failure.ts), forgetting what is finished (trim.ts).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Redis } from 'ioredis';
import type { Db } from '../db/client.ts';
import { afterAppend, judgeStream, refillAfter } from './decide.ts';
import type { Log } from './log.ts';
import type { RecentEvents } from './recent-events.ts';
import { compareAndAppend, lastNumbers, type Pack, type StreamKeys } from './redis.ts';

export interface RelayContext {
  readonly db: Db;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  readonly shard: number;
  readonly registry: { readersOf(stream: string): readonly { readonly id: string }[] };
  readonly log: Log;
  /** What need not be read again. (Default: everything is read) */
  readonly recent?: RecentEvents;
}

/** Packs stamped in one transaction, and the events at which no further pack is taken. */
const STAMP_PACKS_MAX = 2_000;
const STAMP_EVENTS_MAX = 5_000;
/** Packs in one append. */
const APPEND_MAX = 500;

interface StampedPack extends Pack {
  readonly stream: string;
}

/**
 * Sends what has been committed since, up to a limit.
 * @returns how many events were stamped; call again until it is 0
 */
export async function relayOnce(context: RelayContext): Promise<number> {
  const stamped = await stamp(context);
  const streams = Map.groupBy(stamped, (pack) => pack.stream);
  // Sent in one go: streams do not wait for each other.
  await Promise.all([...streams].map(([stream, packs]) => send(context, stream, packs)));
  return countEvents(stamped);
}

/** Whether something may wait that a pass of the relay had no room for. @param sent what `relayOnce` returned */
export const mayHaveMore = (sent: number): boolean => sent >= Math.min(STAMP_PACKS_MAX, STAMP_EVENTS_MAX);

const countEvents = (packs: readonly Pack[]): number => packs.reduce((total, { ids }) => total + ids.length, 0);

/**
 * Compares every stream with what was stamped for it, and rebuilds what Redis has lost.
 * @returns how many events were sent again
 */
export async function repairStreams(context: RelayContext): Promise<number> {
  const heads = await context.db.execute<{ stream: string; last_pub_seq: string }>(
    sql`select stream, last_pub_seq from stream_head where shard = ${context.shard} order by stream`,
  );
  const known = [...heads].map((row) => ({ stream: row.stream, last: Number(row.last_pub_seq) }));
  const found = await lastNumbers(
    context.redis,
    known.map(({ stream }) => context.keys.key(stream, context.shard)),
  );
  let repaired = 0;
  for (const [index, { stream, last }] of known.entries()) {
    const inRedis = found[index] ?? 0;
    const verdict = judgeStream(inRedis, last);
    if (verdict === 'BEHIND') repaired += await refill(context, stream, inRedis);
    if (verdict === 'AHEAD') {
      context.log.error(
        { stream, inRedis, inDatabase: last },
        'the stream is ahead of the database, which must have been restored from an older state; remove the stream by hand',
      );
    }
  }
  return repaired;
}

async function send(context: RelayContext, stream: string, packs: readonly StampedPack[]): Promise<void> {
  const key = context.keys.key(stream, context.shard);
  for (let at = 0; at < packs.length; at += APPEND_MAX) {
    const chunk = packs.slice(at, at + APPEND_MAX);
    const [first] = chunk;
    if (!first) return;
    const answer = await compareAndAppend(context.redis, key, first.last - first.ids.length, chunk);
    const next = afterAppend(answer);
    if (next.kind === 'REFILL') {
      await refill(context, stream, next.lastInRedis);
      return;
    }
  }
}

/** Appends from the database whatever the stream lacks after `lastInRedis`, until it has all. */
async function refill(context: RelayContext, stream: string, lastInRedis: number): Promise<number> {
  const key = context.keys.key(stream, context.shard);
  let last = lastInRedis;
  let sent = 0;
  let page = readLacking(context, stream, last);
  for (;;) {
    const packs = await page;
    const newest = packs.at(-1);
    if (!newest) break;
    // While Redis takes this page, the database already reads the next.
    page = readStamped(context, stream, newest.last);
    page.catch(() => {});
    const answer = await compareAndAppend(context.redis, key, last, packs);
    if (answer.appended) sent += countEvents(packs);
    else page = readLacking(context, stream, answer.last);
    last = answer.last;
  }
  if (sent > 0) context.log.warn({ stream, events: sent }, 'events were missing in Redis and have been sent again');
  return sent;
}

/** The first page of what a stream lacks that ends at `last`. */
async function readLacking(context: RelayContext, stream: string, last: number): Promise<Pack[]> {
  const readers = context.registry.readersOf(stream).map((seat) => seat.id);
  const done = last === 0 ? await readProgress(context, stream) : new Map<string, number>();
  return readStamped(context, stream, refillAfter(last, readers, done));
}

/** Up to where each stage that reads the stream has finished, as far as that was told. */
async function readProgress(context: RelayContext, stream: string): Promise<Map<string, number>> {
  const rows = await context.db.execute<{ stage: string; done: string }>(sql`
    select stage, done_pub_seq as done from stage_progress where stream = ${stream} and shard = ${context.shard}`);
  return new Map([...rows].map((row) => [row.stage, Number(row.done)]));
}

/** Numbers what waits, and gathers its events: those of this process from memory, all others from the database. */
async function stamp({ db, shard, recent }: RelayContext): Promise<StampedPack[]> {
  const numbered = await number(db, shard);
  const noted = new Map(
    numbered.flatMap(({ id, again, ids, createdAt, carrier }) => {
      if (again !== null) return [];
      const taken = recent?.take(ids, createdAt);
      if (carrier === null) recent?.noteSent(ids);
      return taken ? [[id, taken]] : [];
    }),
  );
  // What is numbered and never sent, because this process ends here, is found lacking by the next look at the streams.
  const read = await readPacks(
    db,
    numbered.flatMap(({ id }) => (noted.has(id) ? [] : [id])),
  );
  return numbered.map(({ id, stream, last, ids, carrier }) => {
    const taken = noted.get(id);
    const events = taken?.events ?? read.get(id);
    if (events === undefined) throw new Error(`pack ${id} of ${stream} holds no events`);
    return { stream, last, ids, carrier: taken?.carrier ?? carrier, events };
  });
}

interface NumberedPack {
  readonly id: string;
  readonly stream: string;
  readonly last: number;
  readonly again: string | null;
  readonly carrier: string | null;
  readonly ids: readonly number[];
  readonly createdAt: string;
}

/** Under a lock that all relays of the shard take; one round trip, as it is done a hundred times a second. */
async function number(db: Pick<Db, 'execute'>, shard: number): Promise<NumberedPack[]> {
  const rows = await db.execute<{
    id: string;
    stream: string;
    pub_seq: string;
    again: string | null;
    carrier: string | null;
    event_ids: string;
    created_at_ms: string;
  }>(sql`
    select id, stream, pub_seq, again, carrier, array_to_string(event_ids, ',') as event_ids,
           (extract(epoch from created_at) * 1000)::bigint as created_at_ms
    from stamp_outbox(${shard}::smallint, ${STAMP_PACKS_MAX}, ${STAMP_EVENTS_MAX}) order by id`);
  return [...rows].map((row) => ({
    id: row.id,
    stream: row.stream,
    last: Number(row.pub_seq),
    again: row.again,
    carrier: row.carrier,
    ids: readIds(row.event_ids),
    createdAt: new Date(Number(row.created_at_ms)).toISOString(),
  }));
}

/** @param ids of packs in the outbox. @returns their events as they travel, by the id of the pack */
async function readPacks(db: Pick<Db, 'execute'>, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db.execute<StampedRow>(
    packsOf(sql`(select * from outbox where id = any(${sql.param(ids)}::bigint[]))`),
  );
  return new Map([...rows].map((row) => [row.id, row.events]));
}

/** The next packs of a stream behind a number, up to a limit of packs or of events. */
async function readStamped(context: RelayContext, stream: string, after: number): Promise<Pack[]> {
  const rows = await context.db.execute<StampedRow>(sql`
    with page as (
      select *, sum(cardinality(event_ids)) over (order by pub_seq) - cardinality(event_ids) as before
      from (select * from outbox
            where stream = ${stream} and shard = ${context.shard} and pub_seq > ${after}
            order by pub_seq limit ${APPEND_MAX}) o
    ), few as (select * from page where before < ${STAMP_EVENTS_MAX})
    ${packsOf(sql`few`)}`);
  return [...rows].map(toPack);
}

/** Packs with their events as they travel (delivery.ts), in the order of their numbers. */
const packsOf = (packs: SQL): SQL => sql`
  select p.id, p.pub_seq, array_to_string(p.event_ids, ',') as event_ids, p.carrier, (
    select json_agg(w)::text from (
      select e.id, e.type, e.subject, e.seq, e.run_id as "runId", e.stage, e.attempts, e.duration_ms as "durationMs",
             e.payload, e.created_at as "createdAt", p.again
      from unnest(p.event_ids) with ordinality as i(id, place) join event e on e.id = i.id
      order by i.place) w) as events
  from ${packs} p order by p.pub_seq`;

interface StampedRow extends Record<string, unknown> {
  id: string;
  pub_seq: string;
  event_ids: string;
  carrier: string | null;
  events: string;
}

const toPack = ({ pub_seq, event_ids, events, carrier }: StampedRow): Pack => ({
  last: Number(pub_seq),
  ids: readIds(event_ids),
  events,
  carrier,
});

const readIds = (text: string): number[] => text.split(',').map(Number);
