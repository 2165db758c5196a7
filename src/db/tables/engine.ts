/**
 * The stage engine's tables. It knows nothing of books: a subject is a text such as `order:0199…`.
 *
 * | Table | Holds |
 * |---|---|
 * | event | everything that happened, in the commit that made it happen |
 * | outbox | what is to be sent and was: packs of events, one row for all that a commit adds to a stream |
 * | stream_head | the last pub_seq stamped for a stream |
 * | relay_lease | which process leads the relay of a shard, and until when |
 * | stage_progress | per stage and stream: every event up to here has been dealt with (replay starts after it) |
 * | run | one instance of a workflow; `at_event_id` is the one event it waits to be carried on from |
 * | timer | deliveries that are due later: retries, snoozes, compensations |
 * | dead_letter | what was parked, with why |
 *
 * Life of an event: inserted with the state it tells of, and in a pack of the outbox → the relay numbers the pack's events
 * densely per stream (pub_seq is the number of the last) → XADD of the pack under the id `pub_seq-count` → consumed once
 * per stage's consumer group → trimmed from Redis when every stage is past it. It stays here.
 */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { createdAt, id, instant, updatedAt } from './columns.ts';

export const events = pgTable(
  'event',
  {
    /** Grows in the order of insertion: what was caused by an event always has a greater id than it. */
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    shard: smallint('shard').notNull(),
    /** Also the name of the Redis stream it travels on. */
    type: text('type').notNull(),
    /** What it is about. */
    subject: text('subject').notNull(),
    /** 1, 2, 3 … per subject, without gaps. */
    seq: integer('seq').notNull(),
    runId: text('run_id'),
    /** The stage that returned it, and how often it had to try. */
    stage: text('stage'),
    attempts: smallint('attempts'),
    durationMs: integer('duration_ms'),
    payload: jsonb('payload').notNull(),
    /** What its stage did outside on the way to it: Trail of src/streams/trail.ts; null for nothing. */
    trail: jsonb('trail'),
    /** The trace of the request that made it; null for what a stage made. */
    traceId: uuid('trace_id'),
    createdAt: createdAt(),
  },
  (table) => [
    // The events of a run are found by its subject: an index of their own would cost every event an entry.
    uniqueIndex('event_subject_seq').on(table.subject, table.seq),
    // What a request began is found by its subject too: so only what it made itself has an entry.
    index('event_trace')
      .on(table.traceId)
      .where(sql`trace_id is not null`),
  ],
);

export const deliveryKind = pgEnum('delivery_kind', ['RUN', 'COMPENSATE']);

export const outbox = pgTable(
  'outbox',
  {
    /** Grows in the order of insertion, like the ids of the events. */
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    shard: smallint('shard').notNull(),
    /** The Redis stream: the events' type, or the stage's name for deliveries meant for that stage only. */
    stream: text('stream').notNull(),
    /** Null for events as they happened; else what the stage is to do with them again. */
    again: deliveryKind('again'),
    /** 1 to 500, in their order. */
    eventIds: bigint('event_ids', { mode: 'number' }).array().notNull(),
    /** The process that carries these events on itself, while it lives. */
    carrier: text('carrier'),
    createdAt: createdAt(),
    /** The number of its last event in the stream; null until the relay has stamped it. */
    pubSeq: bigint('pub_seq', { mode: 'number' }),
  },
  (table) => [
    index('outbox_unstamped')
      .on(table.shard, table.id)
      .where(sql`pub_seq is null`),
    uniqueIndex('outbox_stream_pub_seq')
      .on(table.stream, table.shard, table.pubSeq)
      .where(sql`pub_seq is not null`),
  ],
);

export const streamHeads = pgTable(
  'stream_head',
  {
    stream: text('stream').notNull(),
    shard: smallint('shard').notNull(),
    lastPubSeq: bigint('last_pub_seq', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.stream, table.shard] })],
);

export const relayLeases = pgTable('relay_lease', {
  shard: smallint('shard').primaryKey(),
  holder: text('holder').notNull(),
  expiresAt: instant('expires_at').notNull(),
});

export const stageProgress = pgTable(
  'stage_progress',
  {
    stage: text('stage').notNull(),
    stream: text('stream').notNull(),
    shard: smallint('shard').notNull(),
    donePubSeq: bigint('done_pub_seq', { mode: 'number' }).notNull(),
    updatedAt: updatedAt(),
  },
  (table) => [primaryKey({ columns: [table.stage, table.stream, table.shard] })],
);

export const runState = pgEnum('run_state', ['RUNNING', 'COMPENSATING', 'COMPLETED', 'FAILED', 'PARKED', 'CANCELLED']);

export const runs = pgTable(
  'run',
  {
    /** `workflow/id of the event that started it`, so that the same event never starts the same workflow twice. */
    id: text('id').primaryKey(),
    workflow: text('workflow').notNull(),
    subject: text('subject').notNull(),
    shard: smallint('shard').notNull(),
    state: runState('state').notNull(),
    /** The stage whose turn it is; the last one when it has ended. */
    stage: text('stage').notNull(),
    /** The event that stage consumes. A delivery of any other event is a duplicate. */
    atEventId: bigint('at_event_id', { mode: 'number' }).notNull(),
    /** Failed attempts of the current stage so far. */
    failures: integer('failures').notNull().default(0),
    /** When the next try is due, if one waits. */
    retryAt: instant('retry_at'),
    lastError: text('last_error'),
    /** What the stage whose turn it is did outside without coming to an event yet; null for nothing. */
    trail: jsonb('trail'),
    startedAt: instant('started_at').notNull(),
    updatedAt: updatedAt(),
    /** Null as long as it is open: RUNNING, COMPENSATING or PARKED. */
    endedAt: instant('ended_at'),
    /** Is it being undone, parked, given up, or waiting for a timer now? Nobody sets it; a retry that fired leaves no mark. */
    isTroubled: boolean('is_troubled').generatedAlwaysAs(
      sql`state in ('COMPENSATING', 'FAILED', 'PARKED', 'CANCELLED') or retry_at is not null`,
    ),
  },
  // No index of runs looks at what changes while a run goes straight on: then a step costs the row alone, no index entries.
  (table) => [
    // What is about a subject is found by its events (src/streams/runs-about.ts): an index would cost every run two entries.
    index('run_workflow_started').on(table.workflow, table.startedAt),
    // By blocks of rows, which is no entry of a row: blocks that were vacuumed when their runs had ended are passed over.
    index('run_open').using('brin', table.endedAt).with({ pages_per_range: 32 }),
    // What is in trouble or waits is little, and looked for among the much that is not; such a step tells all indexes.
    index('run_troubled')
      .on(table.workflow, table.startedAt)
      .where(sql`is_troubled`),
    check('run_ended', sql`(ended_at is null) = (state in ('RUNNING', 'COMPENSATING', 'PARKED'))`),
  ],
);

export const timers = pgTable(
  'timer',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    dueAt: instant('due_at').notNull(),
    shard: smallint('shard').notNull(),
    stage: text('stage').notNull(),
    runId: text('run_id').notNull(),
    eventId: bigint('event_id', { mode: 'number' }).notNull(),
    kind: deliveryKind('kind').notNull().default('RUN'),
  },
  (table) => [index('timer_due').on(table.dueAt), index('timer_run').on(table.runId)],
);

export const deadLetterState = pgEnum('dead_letter_state', ['OPEN', 'REPLAYED', 'DISCARDED']);

export const deadLetters = pgTable(
  'dead_letter',
  {
    id: id(),
    stage: text('stage').notNull(),
    stream: text('stream').notNull(),
    eventId: bigint('event_id', { mode: 'number' }).notNull(),
    runId: text('run_id'),
    kind: deliveryKind('kind').notNull().default('RUN'),
    /** Why it was parked: ATTEMPTS_EXHAUSTED, TERMINAL or CRASHED (its consumer kept dying). */
    reason: text('reason').notNull(),
    error: text('error').notNull(),
    attempts: integer('attempts').notNull(),
    payload: jsonb('payload').notNull(),
    state: deadLetterState('state').notNull().default('OPEN'),
    resolvedBy: text('resolved_by'),
    resolvedAt: instant('resolved_at'),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('dead_letter_open')
      .on(table.stage, table.eventId)
      .where(sql`state = 'OPEN'`),
    index('dead_letter_created').on(table.createdAt),
  ],
);
