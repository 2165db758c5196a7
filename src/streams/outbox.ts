/**
 * Outbox: stores events in the transaction that makes them true.
 *
 * Promise: an event exists if and only if the state it tells of was committed; seq is gapless per subject.
 * Life of an event: appended here, and packed with what the same commit adds to its stream → the pack is stamped and sent
 * by the relay (relay.ts).
 * Not here: telling the relay; whoever commits does that afterwards (hints.ts).
 */
import { sql, type SQL } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { beforeOthers, type Parts, storeParts } from '../db/parts.ts';
import { type Columns, rowsOf } from '../db/rows.ts';
import type { WireEvent } from './delivery.ts';
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

/** An event that has been stored, as it will travel. @param createdAt the instant it was stored with, ISO 8601 in UTC */
export function toWire(
  { type, subject, payload, origin }: Pick<AppendDraft, 'type' | 'subject' | 'payload' | 'origin'>,
  { id, seq }: AppendedEvent,
  createdAt: string,
): WireEvent {
  const { runId, stage, attempts, durationMs } = origin ?? NO_ORIGIN;
  return { id, type, subject, seq, runId, stage, attempts, durationMs, payload, createdAt, again: null };
}

/** What carries runs on in the statement that stores their events. */
export interface Steps {
  /** Values beside those of the event, one for each. */
  readonly columns: Columns;
  /** Changes a run for each event that carries one on, and returns a row for it; `event.id` is the id of the event. */
  readonly move: (event: { id: SQL; of: (name: string) => SQL }) => SQL;
  /** As many runs are to be changed, or nothing is: the statement fails, see isStray (errors.ts). */
  readonly count: number;
}

/** What is done in the statement that stores events. */
export interface Beside {
  /** What the events tell of, unless it was written before. */
  readonly parts?: Parts;
  readonly steps?: Steps | undefined;
}

/**
 * Appends events in one statement, with what is done beside.
 *
 * The caller has a lock that all writers of the subject take (its row, or its run's), from a statement before this one: the
 * number of an event is one more than the greatest before it, and a rival that did not wait fails on the unique index
 * `event_subject_seq`.
 * @returns one entry per draft, in the same order
 */
export async function appendEvents(
  tx: Pick<Tx, 'execute'>,
  drafts: readonly AppendDraft[],
  options: AppendOptions,
  { parts = {}, steps }: Beside = {},
): Promise<AppendedEvent[]> {
  if (drafts.length === 0) {
    await storeParts(tx, parts);
    return [];
  }
  const createdAt = options.now.toISOString();
  const origins = drafts.map(({ origin }) => origin ?? NO_ORIGIN);
  const seqs = drafts.flatMap(({ seq }) => (typeof seq === 'number' ? [seq] : []));
  const isNumbered = seqs.length === drafts.length;
  const { from, of } = rowsOf<Columns>({
    shard: ['smallint', drafts.map(({ subject }) => shardOf(subject, options.shards))],
    type: ['text', drafts.map(({ type }) => type)],
    subject: ['text', drafts.map(({ subject }) => subject)],
    ...(isNumbered && { seq: ['int', seqs] as const }),
    run_id: ['text', origins.map(({ runId }) => runId)],
    stage: ['text', origins.map(({ stage }) => stage)],
    attempts: ['smallint', origins.map(({ attempts }) => attempts)],
    duration_ms: ['int', origins.map(({ durationMs }) => durationMs)],
    payload: ['jsonb', drafts.map(({ payload }) => payload)],
    trail: ['jsonb', origins.map(({ trail }) => trail ?? null)],
    trace_id: ['uuid', drafts.map(({ traceId }) => traceId ?? options.traceId ?? null)],
    ...steps?.columns,
  });
  // The ids are drawn first, so that events, packs and runs are all written from the same rows.
  const rows = isNumbered
    ? sql`${from}`
    : sql`(select d.*, ${nextSeq(of('subject'))} as seq from ${from} order by d.ord) d`;
  const seqOf = isNumbered ? of('seq') : sql`d.seq`;
  const [added] = await tx.execute<{ ids: string; seqs: string | null }>(sql`
    with ${beforeOthers(parts)} d as materialized (
      select nextval('event_id_seq') as id, d.* from ${rows}
    ), added as (
      insert into event (id, shard, type, subject, seq, run_id, stage, attempts, duration_ms, payload, trail, trace_id, created_at)
      overriding system value
      select d.id, ${of('shard')}, ${of('type')}, ${of('subject')}, ${seqOf}, ${of('run_id')}, ${of('stage')},
             ${of('attempts')}, ${of('duration_ms')}, ${of('payload')}, ${of('trail')}, ${of('trace_id')},
             ${createdAt}::timestamptz
      from d
    ), gathered as (
      select ${of('shard')} as shard, ${of('type')} as type, array_agg(d.id order by d.id) as ids from d group by 1, 2
    ), packed as (
      insert into outbox (shard, stream, event_ids, carrier, created_at)
      select shard, type, ids[first:first + ${PACK_MAX - 1}],
             ${JSON.stringify(options.carriers ?? {})}::text::jsonb ->> type, ${createdAt}::timestamptz
      from gathered, generate_series(1, cardinality(ids), ${PACK_MAX}) as first
      order by ids[first]
    )${steps ? sql`, stepped as (${steps.move({ id: sql`d.id`, of })})` : sql``}
    select string_agg(d.id::text, ',' order by d.ord) as ids,
           ${isNumbered ? sql`null` : sql`string_agg(d.seq::text, ',' order by d.ord)`} as seqs
           ${steps ? sql`, refuse_strays((select count(*) from stepped), ${steps.count})` : sql``}
    from d`);
  const ids = readNumbers(added?.ids);
  const told = isNumbered ? seqs : readNumbers(added?.seqs);
  return drafts.map(({ subject }, at) => ({ subject, id: ids[at] ?? Number.NaN, seq: told[at] ?? Number.NaN }));
}

const readNumbers = (text: string | null | undefined): number[] => text?.split(',').map(Number) ?? [];

const nextSeq = (subject: SQL): SQL => sql`
  coalesce((select max(e.seq) from event e where e.subject = ${subject}), 0)
    + row_number() over (partition by ${subject} order by d.ord)`;
