/**
 * Trimming: forgets in Redis what every stage has finished, and records how far that is.
 *
 * Promise: an entry that some stage has not finished is never trimmed. Progress only grows; after a loss of Redis the
 * relay replays from it. A tail is kept for live readers, which follow without a group.
 */
import { sql } from 'drizzle-orm';
import type { Redis } from 'ioredis';
import type { Db } from '../db/client.ts';
import { finishedUpTo, type GroupState, NO_STAGE, trimUpTo } from './decide.ts';
import { entryNumber, field, firstNumber, isMissingKey, type StreamKeys } from './redis.ts';
import type { Registry } from './registry.ts';

export interface TrimContext<Services> {
  readonly db: Db;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  readonly registry: Registry<Services>;
  readonly shard: number;
}

/** Entries kept at the end of each stream for live readers. */
export const TAIL_ENTRIES = 1_000;
/** A consumer with nothing pending that has not read for so long belongs to a process that is gone. */
const CONSUMER_IDLE_MS_MAX = 3_600_000;

/** @returns how many entries were trimmed */
export async function trimOnce<Services>(context: TrimContext<Services>): Promise<number> {
  const heads = await context.db.execute<{ stream: string; last_pub_seq: string }>(
    sql`select stream, last_pub_seq from stream_head where shard = ${context.shard}`,
  );
  const progress: Progress[] = [];
  for (const head of heads) progress.push(...(await readProgress(context, head.stream, Number(head.last_pub_seq))));
  await saveProgress(context, progress);
  let trimmed = 0;
  for (const head of heads) {
    const finished = progress.filter(({ stage, stream }) => stream === head.stream && stage !== NO_STAGE);
    const floor = trimUpTo(
      Number(head.last_pub_seq),
      finished.map(({ done }) => done),
      TAIL_ENTRIES,
    );
    if (floor <= 0) continue;
    trimmed += await context.redis.xtrim(context.keys.key(head.stream, context.shard), 'MINID', `${floor + 1}-0`);
  }
  return trimmed;
}

/** Up to where a stage has finished a stream. */
interface Progress {
  stage: string;
  stream: string;
  done: number;
}

async function readProgress<Services>(
  context: TrimContext<Services>,
  stream: string,
  last: number,
): Promise<Progress[]> {
  const readers = context.registry.readersOf(stream);
  if (readers.length === 0) return [{ stage: NO_STAGE, stream, done: last }];
  const progress: Progress[] = [];
  for (const { id: stage } of readers) {
    progress.push({ stage, stream, done: finishedUpTo(await readGroup(context, stream, stage), last) });
  }
  return progress;
}

/** Also stores 0: a stage without a row would not hold back the replay of the others. */
async function saveProgress<Services>(
  { db, shard }: TrimContext<Services>,
  progress: readonly Progress[],
): Promise<void> {
  if (progress.length === 0) return;
  const rows = [...progress].sort((a, b) => (a.stage + a.stream < b.stage + b.stream ? -1 : 1));
  await db.execute(sql`
    insert into stage_progress as p (stage, stream, shard, done_pub_seq)
    select d.stage, d.stream, ${shard}, d.done
    from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as d(stage text, stream text, done bigint)
    on conflict (stage, stream, shard) do update
      set done_pub_seq = excluded.done_pub_seq, updated_at = now()
      where p.done_pub_seq < excluded.done_pub_seq`);
}

async function readGroup<Services>(
  context: TrimContext<Services>,
  stream: string,
  group: string,
): Promise<GroupState | null> {
  const key = context.keys.key(stream, context.shard);
  const groups = await context.redis.xinfo('GROUPS', key).catch((error: unknown) => {
    if (isMissingKey(error)) return [];
    throw error;
  });
  const info = Array.isArray(groups) ? groups.find((candidate) => field(candidate, 'name') === group) : undefined;
  if (!info) return null;
  const lastDelivered = entryNumber(field(info, 'last-delivered-id'));
  if (Number(field(info, 'pending')) === 0) return { lastDelivered, oldestPending: null };
  const [, oldest] = await context.redis.xpending(key, group);
  // What was pending a moment ago may be acknowledged by now, and newer entries handed out: look again next time.
  return { lastDelivered, oldestPending: typeof oldest === 'string' ? firstNumber(oldest) : 1 };
}

/** Forgets consumers of processes that are gone; what was pending for them has been taken over by then. */
export async function dropGoneConsumers<Services>(context: TrimContext<Services>): Promise<void> {
  for (const seat of context.registry.seats) {
    for (const stream of context.registry.streamsOf(seat)) {
      const key = context.keys.key(stream, context.shard);
      const consumers = await context.redis.xinfo('CONSUMERS', key, seat.id).catch(() => []);
      if (!Array.isArray(consumers)) continue;
      for (const consumer of consumers) {
        const idleMs = Number(field(consumer, 'idle'));
        if (Number(field(consumer, 'pending')) > 0 || idleMs < CONSUMER_IDLE_MS_MAX) continue;
        await context.redis.xgroup('DELCONSUMER', key, seat.id, field(consumer, 'name'));
      }
    }
  }
}
