/**
 * Outbox: stores events in the transaction that makes them true.
 *
 * Promise: an event exists if and only if the state it tells of was committed; seq is gapless per subject.
 * Life of an event: appended here, and packed with what the same commit adds to its stream → the pack is stamped and sent
 * by the relay (relay.ts).
 * Not here: waking the relay; whoever commits does that afterwards (`Wake`).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { rowsOf } from '../db/rows.ts';
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
  const { from, of } = rowsOf({
    shard: ['smallint', drafts.map(({ subject }) => shardOf(subject, options.shards))],
    type: ['text', drafts.map(({ type }) => type)],
    subject: ['text', drafts.map(({ subject }) => subject)],
    seq: ['int', drafts.map(({ seq }) => (isNumbered ? (seq ?? null) : null))],
    run_id: ['text', origins.map(({ runId }) => runId)],
    stage: ['text', origins.map(({ stage }) => stage)],
    attempts: ['smallint', origins.map(({ attempts }) => attempts)],
    duration_ms: ['int', origins.map(({ durationMs }) => durationMs)],
    payload: ['jsonb', drafts.map(({ payload }) => payload)],
    trail: ['jsonb', origins.map(({ trail }) => trail ?? null)],
    trace_id: ['uuid', drafts.map(({ traceId }) => traceId ?? options.traceId ?? null)],
  });
  const [added] = await tx.execute<{ ids: string; seqs: string }>(sql`
    with added as (
      insert into event (shard, type, subject, seq, run_id, stage, attempts, duration_ms, payload, trail, trace_id, created_at)
      select ${of('shard')}, ${of('type')}, ${of('subject')}, ${isNumbered ? of('seq') : nextSeq(of('subject'))},
             ${of('run_id')}, ${of('stage')}, ${of('attempts')}, ${of('duration_ms')}, ${of('payload')}, ${of('trail')},
             ${of('trace_id')}, ${createdAt}::timestamptz
      from ${from}
      order by d.ord
      returning id, shard, type, seq
    ), gathered as (
      select shard, type, array_agg(id order by id) as ids from added group by shard, type
    ), packed as (
      insert into outbox (shard, stream, event_ids, carrier, created_at)
      select shard, type, ids[first:first + ${PACK_MAX - 1}],
             ${JSON.stringify(options.carriers ?? {})}::text::jsonb ->> type, ${createdAt}::timestamptz
      from gathered, generate_series(1, cardinality(ids), ${PACK_MAX}) as first
      order by ids[first]
    )
    select string_agg(id::text, ',' order by id) as ids, string_agg(seq::text, ',' order by id) as seqs from added`);
  const [ids, seqs] = [readNumbers(added?.ids), readNumbers(added?.seqs)];
  return drafts.map(({ subject }, index) => ({
    subject,
    id: ids[index] ?? Number.NaN,
    seq: seqs[index] ?? Number.NaN,
  }));
}

const readNumbers = (text: string | undefined): number[] => text?.split(',').map(Number) ?? [];

const nextSeq = (subject: SQL): SQL => sql`
  coalesce((select max(e.seq) from event e where e.subject = ${subject}), 0)
    + row_number() over (partition by ${subject} order by d.ord)`;
