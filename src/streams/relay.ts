/**
 * Relay: moves committed events into Redis Streams.
 *
 * Promise: each stream holds every event once, in the order of its pub_seq, without holes; a stream that Redis lost is
 * rebuilt from the oldest event that some stage has not finished.
 * Life of an event: appended → stamped (one leader per shard) → XADD if the stream's last id is the one before.
 * A second leader does no harm: stamping is serialized by a lock, appending by the compare.
 * Not here: retries of handlers (failure.ts), forgetting what is finished (trim.ts).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Redis } from 'ioredis';
import type { Db } from '../db/client.ts';
import { afterAppend, judgeStream, refillAfter } from './decide.ts';
import { encodeWire, type WireEvent } from './delivery.ts';
import type { Log } from './log.ts';
import { compareAndAppend, lastNumbers, type StreamKeys } from './redis.ts';

export interface RelayContext {
  readonly db: Db;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  readonly shard: number;
  readonly registry: { readersOf(stream: string): readonly { readonly id: string }[] };
  readonly log: Log;
}

/** Events stamped in one transaction. */
const STAMP_MAX = 2_000;
/** Entries in one append; with 64 KiB payloads at most, a script stays below 32 MiB. */
const APPEND_MAX = 500;
const STAMP_LOCK_CLASS = 0x7374;

interface StampedEvent {
  stream: string;
  pubSeq: number;
  wire: WireEvent;
}

/**
 * Sends what has been committed since, up to 2,000 events.
 * @returns how many were stamped; call again when it was 2,000
 */
export async function relayOnce(context: RelayContext): Promise<number> {
  const stamped = await stamp(context);
  const streams = Map.groupBy(stamped, (event) => event.stream);
  for (const [stream, events] of streams) await send(context, stream, events);
  return stamped.length;
}

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

async function send(context: RelayContext, stream: string, events: readonly StampedEvent[]): Promise<void> {
  const key = context.keys.key(stream, context.shard);
  for (let at = 0; at < events.length; at += APPEND_MAX) {
    const chunk = events.slice(at, at + APPEND_MAX);
    const [first] = chunk;
    if (!first) return;
    const entries = chunk.map((event) => encodeWire(event.wire));
    const answer = await compareAndAppend(context.redis, key, first.pubSeq - 1, first.pubSeq, entries);
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
    const events = await page;
    const [first] = events;
    const newest = events.at(-1);
    if (!first || !newest) break;
    // While Redis takes this page, the database already reads the next.
    page = readStamped(context, stream, newest.pubSeq);
    page.catch(() => {});
    const answer = await compareAndAppend(
      context.redis,
      key,
      last,
      first.pubSeq,
      events.map((event) => encodeWire(event.wire)),
    );
    if (answer.appended) sent += events.length;
    else page = readLacking(context, stream, answer.last);
    last = answer.last;
  }
  if (sent > 0) context.log.warn({ stream, events: sent }, 'events were missing in Redis and have been sent again');
  return sent;
}

/** The first page of what a stream lacks that ends at `last`. */
async function readLacking(context: RelayContext, stream: string, last: number): Promise<StampedEvent[]> {
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

async function stamp(context: RelayContext): Promise<StampedEvent[]> {
  return context.db.transaction(async (tx) => {
    // A statement of its own: the next one must not see a snapshot from before the lock.
    await tx.execute(sql`select pg_advisory_xact_lock(${STAMP_LOCK_CLASS}, ${context.shard})`);
    const rows = await tx.execute<StampedRow>(sql`
      with picked as (
        select id, stream, type, payload, row_number() over (partition by stream order by id) as place
        from event where pub_seq is null and shard = ${context.shard} order by id limit ${STAMP_MAX}
      ), head as (
        insert into stream_head as h (stream, shard, last_pub_seq)
        select stream, ${context.shard}, count(*) from picked group by stream order by stream
        on conflict (stream, shard) do update set last_pub_seq = h.last_pub_seq + excluded.last_pub_seq
        returning stream, last_pub_seq
      ), numbered as (
        select p.id, p.type, p.payload,
               head.last_pub_seq - count(*) over (partition by p.stream) + p.place as pub_seq
        from picked p join head using (stream)
      )
      update event e set pub_seq = n.pub_seq
      from numbered n left join event o on ${originalOf(sql`n`)}
      where e.id = n.id
      returning e.stream, e.pub_seq, ${wireColumns}`);
    return [...rows].map(toStamped).sort((a, b) => a.pubSeq - b.pubSeq);
  });
}

async function readStamped(context: RelayContext, stream: string, after: number): Promise<StampedEvent[]> {
  const rows = await context.db.execute<StampedRow>(sql`
    select e.stream, e.pub_seq, ${wireColumns}
    from event e left join event o on ${originalOf(sql`e`)}
    where e.stream = ${stream} and e.shard = ${context.shard} and e.pub_seq > ${after}
    order by e.pub_seq limit ${APPEND_MAX}`);
  return [...rows].map(toStamped);
}

/** A repeated delivery (timers.ts) carries the event it repeats. */
const originalOf = (row: SQL): SQL =>
  sql`${row}.type = 'delivery.repeated' and o.id = (${row}.payload ->> 'eventId')::bigint`;

const wireColumns = sql`
  coalesce(o.id, e.id) as id, coalesce(o.type, e.type) as type, coalesce(o.subject, e.subject) as subject,
  case when o.id is null then e.seq else o.seq end as seq,
  case when o.id is null then e.run_id else e.payload ->> 'runId' end as run_id,
  e.stage, e.attempts, e.duration_ms, coalesce(o.payload, e.payload) as payload,
  coalesce(o.created_at, e.created_at) as created_at,
  case when o.id is not null then e.payload ->> 'kind' end as again`;

interface StampedRow extends Record<string, unknown> {
  stream: string;
  pub_seq: string;
  id: string;
  type: string;
  subject: string;
  seq: number | null;
  run_id: string | null;
  stage: string | null;
  attempts: number | null;
  duration_ms: number | null;
  payload: unknown;
  created_at: Date | string;
  again: 'RUN' | 'COMPENSATE' | null;
}

function toStamped(row: StampedRow): StampedEvent {
  return {
    stream: row.stream,
    pubSeq: Number(row.pub_seq),
    wire: {
      id: Number(row.id),
      type: row.type,
      subject: row.subject,
      seq: row.seq,
      runId: row.run_id,
      stage: row.stage,
      attempts: row.attempts,
      durationMs: row.duration_ms,
      payload: row.payload,
      createdAt: new Date(row.created_at).toISOString(),
      again: row.again,
    },
  };
}
