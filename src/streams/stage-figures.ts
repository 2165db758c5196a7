/**
 * What each stage is doing: how much waits, is retried or parked, how fast it goes. For the workbench.
 *
 * Two statements and one round trip to Redis, at most once a second however many ask; rates and durations are those of
 * the last five minutes, taken from at most the newest 20,000 events, so that a long history costs nothing.
 */
import { sql } from 'drizzle-orm';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Tx } from '../db/client.ts';
import { RETRYING } from './failure.ts';
import { field, type StreamKeys } from './redis.ts';
import type { Registry } from './registry.ts';

export interface StageFigures {
  /** `workflow.stage` */
  readonly stage: string;
  /** Events before it that it has not finished. */
  readonly waiting: number;
  /** Stream entries that are in the hands of a consumer now; null while Redis is away. */
  readonly inFlight: number | null;
  /** Runs that wait for its next try. */
  readonly retrying: number;
  /** Runs that stand still at it until somebody decides about their dead letter. */
  readonly parked: number;
  /** Runs that it carried on in a minute, on average over the window. */
  readonly perMinute: number;
  /** Failed tries in a minute, on average over the window. */
  readonly failuresPerMinute: number;
  /** Of its last tries, in ms; null when there was none in the window. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** What it returned and announced in the window, by the name of the event. */
  readonly events: readonly EventFigures[];
}

export interface EventFigures {
  readonly type: string;
  /** On average over the window. */
  readonly perMinute: number;
  /** When the last one was stored. */
  readonly lastAt: Date;
}

const WINDOW_MS = 5 * 60_000;
const EVENTS_MAX = 20_000;

export interface FiguresContext<Services> {
  readonly db: Pick<Tx, 'execute'>;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  readonly registry: Registry<Services>;
  readonly shards: number;
}

export async function readStageFigures<Services>(
  context: FiguresContext<Services>,
  now: Date,
): Promise<readonly StageFigures[]> {
  const { db, registry } = context;
  const [standing, speed, inFlight] = await Promise.all([
    readStanding(db),
    readSpeed(db, now),
    readInFlight(context).catch(() => null),
  ]);
  return registry.seats.map(({ id }) => ({
    stage: id,
    waiting: 0,
    retrying: 0,
    parked: 0,
    ...standing.get(id),
    inFlight: inFlight && (inFlight.get(id) ?? 0),
    perMinute: 0,
    failuresPerMinute: 0,
    p50Ms: null,
    p99Ms: null,
    events: [],
    ...speed.get(id),
  }));
}

const standingRow = z.object({
  stage: z.string(),
  waiting: z.coerce.number(),
  retrying: z.coerce.number(),
  parked: z.coerce.number(),
});

async function readStanding(db: Pick<Tx, 'execute'>) {
  const rows = await db.execute(sql`
    select coalesce(l.stage, r.stage) as stage, coalesce(l.waiting, 0) as waiting,
           coalesce(r.retrying, 0) as retrying, coalesce(r.parked, 0) as parked
    from (select p.stage, sum(h.last_pub_seq - p.done_pub_seq) as waiting
          from stage_progress p join stream_head h using (stream, shard) where p.stage <> '' group by p.stage) l
    full join (select stage, count(*) filter (where state <> 'PARKED' and retry_at is not null) as retrying,
                      count(*) filter (where state = 'PARKED') as parked
               from run where is_troubled and ended_at is null group by stage) r on r.stage = l.stage`);
  return new Map(rows.map((row) => standingRow.parse(row)).map(({ stage, ...figures }) => [stage, figures]));
}

const speedRow = z.object({
  stage: z.string(),
  /** Null for all of them together. */
  type: z.string().nullable(),
  lastAt: z.coerce.date(),
  done: z.coerce.number(),
  failed: z.coerce.number(),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
});

async function readSpeed(db: Pick<Tx, 'execute'>, now: Date) {
  const since = new Date(now.getTime() - WINDOW_MS).toISOString();
  const rows = await db.execute(sql`
    select stage, type, max(created_at) as "lastAt", count(*) filter (where type <> ${RETRYING}) as done, count(*) filter (where type = ${RETRYING}) as failed,
           percentile_cont(0.5) within group (order by duration_ms) as "p50Ms",
           percentile_cont(0.99) within group (order by duration_ms) as "p99Ms"
    from (select stage, type, duration_ms, created_at from event order by id desc limit ${EVENTS_MAX}) newest
    where stage is not null and created_at > ${since}::timestamptz
    group by grouping sets ((stage), (stage, type)) order by stage, type`);
  const speeds = rows.map((row) => speedRow.parse(row));
  const eventsOf = (wanted: string): EventFigures[] =>
    speeds.flatMap(({ stage, type, done, lastAt }) =>
      stage === wanted && type !== null && type !== RETRYING ? [{ type, perMinute: aMinute(done), lastAt }] : [],
    );
  return new Map(
    speeds
      .filter(({ type }) => type === null)
      .map(({ stage, done, failed, p50Ms, p99Ms }) => [
        stage,
        { perMinute: aMinute(done), failuresPerMinute: aMinute(failed), p50Ms, p99Ms, events: eventsOf(stage) },
      ]),
  );
}

const aMinute = (count: number) => (count * 60_000) / WINDOW_MS;

async function readInFlight<Services>({
  redis,
  keys,
  registry,
  shards,
}: FiguresContext<Services>): Promise<ReadonlyMap<string, number>> {
  const asked = registry.seats.flatMap((seat) =>
    registry
      .streamsOf(seat)
      .flatMap((stream) =>
        Array.from({ length: shards }, (_, shard) => ({ stage: seat.id, key: keys.key(stream, shard) })),
      ),
  );
  const pipeline = redis.pipeline();
  for (const { key } of asked) pipeline.xinfo('GROUPS', key);
  const answers = (await pipeline.exec()) ?? [];
  const pending = new Map<string, number>();
  for (const [at, { stage }] of asked.entries()) {
    const groups = answers[at]?.[1];
    const own = Array.isArray(groups) ? groups.find((group) => field(group, 'name') === stage) : undefined;
    pending.set(stage, (pending.get(stage) ?? 0) + (own ? Number(field(own, 'pending')) : 0));
  }
  return pending;
}
