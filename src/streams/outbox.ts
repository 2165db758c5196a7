/**
 * Outbox: stores events in the transaction that makes them true.
 *
 * Promise: an event exists if and only if the state it tells of was committed; seq is gapless per subject.
 * Life of an event: appended here → stamped and sent by the relay (relay.ts).
 * Not here: waking the relay; whoever commits does that afterwards (`Wake`).
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import type { EventDraft } from './event.ts';

/** What an event says of the stage that returned it. */
export interface EventOrigin {
  runId: string | null;
  /** `workflow.stage` */
  stage: string | null;
  attempts: number | null;
  durationMs: number | null;
}

export interface AppendedEvent {
  id: number;
  subject: string;
  seq: number;
}

const NO_ORIGIN: EventOrigin = { runId: null, stage: null, attempts: null, durationMs: null };

/** The shard a subject belongs to: FNV-1a of its text, modulo the number of shards. */
export function shardOf(subject: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < subject.length; index++) {
    hash = Math.imul(hash ^ subject.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shards;
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
  drafts: readonly (EventDraft & { origin?: EventOrigin })[],
  options: { now: Date; shards: number },
): Promise<AppendedEvent[]> {
  if (drafts.length === 0) return [];
  const rows = drafts.map((draft, index) => ({
    ord: index,
    shard: shardOf(draft.subject, options.shards),
    type: draft.type,
    subject: draft.subject,
    payload: draft.payload,
    ...renameOrigin(draft.origin ?? NO_ORIGIN),
  }));
  const result = await tx.execute<{ id: string; subject: string; seq: number }>(sql`
    insert into event (shard, stream, type, subject, seq, run_id, stage, attempts, duration_ms, payload, created_at)
    select d.shard, d.type, d.type, d.subject,
           coalesce((select max(e.seq) from event e where e.subject = d.subject), 0)
             + row_number() over (partition by d.subject order by d.ord),
           d.run_id, d.stage, d.attempts, d.duration_ms, d.payload, ${options.now.toISOString()}::timestamptz
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as d(ord int, shard smallint, type text, subject text, payload jsonb,
           run_id text, stage text, attempts smallint, duration_ms int)
    order by d.ord
    returning id, subject, seq`);
  return [...result].map((row) => ({ id: Number(row.id), subject: row.subject, seq: row.seq }));
}

function renameOrigin(origin: EventOrigin) {
  return { run_id: origin.runId, stage: origin.stage, attempts: origin.attempts, duration_ms: origin.durationMs };
}
