/**
 * Outbox: stores events in the transaction that makes them true.
 *
 * Promise: an event exists if and only if the state it tells of was committed; seq is gapless per subject.
 * Life of an event: appended here, and packed with what the same commit adds to its stream → the pack is stamped and sent
 * by the relay (relay.ts).
 * Not here: waking the relay; whoever commits does that afterwards (`Wake`).
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import type { EventDraft } from './event.ts';
import type { Trail } from './trail.ts';

/** What an event says of the stage that returned it. */
export interface EventOrigin {
  runId: string | null;
  /** `workflow.stage` */
  stage: string | null;
  attempts: number | null;
  durationMs: number | null;
  /** What it did outside. (Default: nothing) */
  trail?: Trail | null;
}

export interface AppendedEvent {
  id: number;
  subject: string;
  seq: number;
}

/** Events in one pack; with payloads of 64 KiB at most, an entry stays below 32 MiB. */
const PACK_MAX = 500;

export interface AppendOptions {
  now: Date;
  shards: number;
  /** By event type, the process that carries such an event on itself. */
  carriers?: Readonly<Record<string, string>>;
  /** The trace of the request that made them, as a UUID. (Default: none, as for what a stage made) */
  traceId?: string | null;
}

const NO_ORIGIN: EventOrigin = { runId: null, stage: null, attempts: null, durationMs: null };

/** The shard a subject belongs to: FNV-1a of its text, modulo the number of shards. */
export function shardOf(subject: string, shards: number): number {
  if (shards === 1) return 0;
  let hash = 0x811c9dc5;
  for (let index = 0; index < subject.length; index++) {
    hash = Math.imul(hash ^ subject.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shards;
}

/** An event to be stored. */
export interface AppendDraft extends EventDraft {
  readonly origin?: EventOrigin;
  /**
   * The number it must get; when another writer was faster, the statement fails on `event_subject_seq`.
   * (Default: looked up)
   */
  readonly seq?: number | null;
  /** As in AppendOptions, for this one. */
  readonly traceId?: string | null;
}

/**
 * Appends events in one statement.
 *
 * The caller holds a lock that all writers of the subject take (its row, or its run's): the number of an event is one
 * more than the greatest before it, and a rival that did not wait fails on the unique index `event_subject_seq`.
 * @returns one entry per draft, in the same order
 */
export async function appendEvents(
  tx: Pick<Tx, 'execute'>,
  drafts: readonly AppendDraft[],
  options: AppendOptions,
): Promise<AppendedEvent[]> {
  if (drafts.length === 0) return [];
  const createdAt = options.now.toISOString();
  const origins = drafts.map(({ origin }) => origin ?? NO_ORIGIN);
  const isNumbered = drafts.every(({ seq }) => typeof seq === 'number');
  // Most have none: then nothing more is sent.
  const traceIds = drafts.map(({ traceId }) => traceId ?? options.traceId ?? null);
  const hasTrace = traceIds.some((traceId) => traceId !== null);
  const hasTrail = origins.some(({ trail }) => trail);
  const result = await tx.execute<{ id: string; subject: string; seq: number }>(sql`
    with added as (
      insert into event (shard, type, subject, seq, run_id, stage, attempts, duration_ms, payload, trail, trace_id, created_at)
      select d.shard, d.type, d.subject, ${isNumbered ? sql`d.seq` : NEXT_SEQ},
             d.run_id, d.stage, d.attempts, d.duration_ms, d.payload, ${hasTrail ? sql`d.trail` : sql`null`},
             ${hasTrace ? sql`d.trace_id` : sql`null`}, ${createdAt}::timestamptz
      from unnest(
        ${sql.param(drafts.map(({ subject }) => shardOf(subject, options.shards)))}::smallint[],
        ${sql.param(drafts.map(({ type }) => type))}::text[],
        ${sql.param(drafts.map(({ subject }) => subject))}::text[],
        ${sql.param(drafts.map(({ seq }) => (isNumbered ? (seq ?? null) : null)))}::int[],
        ${sql.param(drafts.map(({ payload }) => payload))}::jsonb[],
        ${sql.param(origins.map(({ runId }) => runId))}::text[],
        ${sql.param(origins.map(({ stage }) => stage))}::text[],
        ${sql.param(origins.map(({ attempts }) => attempts))}::smallint[],
        ${sql.param(origins.map(({ durationMs }) => durationMs))}::int[]
        ${hasTrail ? sql`, ${sql.param(origins.map(({ trail }) => trail ?? null))}::jsonb[]` : sql``}
        ${hasTrace ? sql`, ${sql.param(traceIds)}::uuid[]` : sql``}
      ) with ordinality as d(shard, type, subject, seq, payload, run_id, stage, attempts, duration_ms${hasTrail ? sql`, trail` : sql``}${hasTrace ? sql`, trace_id` : sql``}, ord)
      order by d.ord
      returning id, shard, type, subject, seq
    ), packed as (
      insert into outbox (shard, stream, event_ids, carrier, created_at)
      select shard, type, array_agg(id order by id),
             ${JSON.stringify(options.carriers ?? {})}::text::jsonb ->> type, ${createdAt}::timestamptz
      from (select *, (row_number() over (partition by shard, type order by id) - 1) / ${PACK_MAX} as pack from added) a
      group by shard, type, pack
      order by min(id)
    )
    select id, subject, seq from added order by id`);
  return [...result].map((row) => ({ id: Number(row.id), subject: row.subject, seq: row.seq }));
}

const NEXT_SEQ = sql`
  coalesce((select max(e.seq) from event e where e.subject = d.subject), 0)
    + row_number() over (partition by d.subject order by d.ord)`;
