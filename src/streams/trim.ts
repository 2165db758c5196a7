/**
 * Trimming: forgets in Redis what every stage has finished, and records how far that is.
 *
 * Promise: an entry that some stage has not finished is never trimmed. Progress only grows; after a loss of Redis the
 * relay replays from it. A tail is kept for live readers, which follow without a group.
 */
import { sql } from 'drizzle-orm';
import type { Redis } from 'ioredis';
import type { Db } from '../db/client.ts';
import { entryNumber, field, isMissingKey, type StreamKeys } from './redis.ts';
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
/** Progress of a stream that no stage reads: nothing of it is ever needed again. */
const NO_STAGE = '';

/** @returns how many entries were trimmed */
export async function trimOnce<Services>(context: TrimContext<Services>): Promise<number> {
  const heads = await context.db.execute<{ stream: string; last_pub_seq: string }>(
    sql`select stream, last_pub_seq from stream_head where shard = ${context.shard}`,
  );
  let trimmed = 0;
  for (const head of heads) {
    const last = Number(head.last_pub_seq);
    const done = await recordProgress(context, head.stream, last);
    const floor = Math.min(done, last - TAIL_ENTRIES);
    if (floor <= 0) continue;
    trimmed += await context.redis.xtrim(context.keys.key(head.stream, context.shard), 'MINID', `${floor + 1}-0`);
  }
  return trimmed;
}

/** Up to where every reading stage has finished; the head for a stream that no stage reads. */
async function recordProgress<Services>(context: TrimContext<Services>, stream: string, last: number): Promise<number> {
  let done = last;
  for (const seat of context.registry.readersOf(stream)) {
    const finished = Math.min(last, await finishedUpTo(context, stream, seat.id));
    done = Math.min(done, finished);
    await saveProgress(context, seat.id, stream, finished);
  }
  if (context.registry.readersOf(stream).length === 0) await saveProgress(context, NO_STAGE, stream, last);
  return done;
}

/** Also stores 0: a stage without a row would not hold back the replay of the others. */
async function saveProgress<Services>(
  context: TrimContext<Services>,
  stage: string,
  stream: string,
  done: number,
): Promise<void> {
  await context.db.execute(sql`
    insert into stage_progress as p (stage, stream, shard, done_pub_seq)
    values (${stage}, ${stream}, ${context.shard}, ${done})
    on conflict (stage, stream, shard) do update
      set done_pub_seq = excluded.done_pub_seq, updated_at = now()
      where p.done_pub_seq < excluded.done_pub_seq`);
}

/** Everything before the oldest pending entry, or up to the last one handed out when none is pending. */
async function finishedUpTo<Services>(context: TrimContext<Services>, stream: string, group: string): Promise<number> {
  const key = context.keys.key(stream, context.shard);
  const groups = await context.redis.xinfo('GROUPS', key).catch((error: unknown) => {
    if (isMissingKey(error)) return [];
    throw error;
  });
  const info = Array.isArray(groups) ? groups.find((candidate) => field(candidate, 'name') === group) : undefined;
  if (!info) return 0;
  await dropIdleConsumers(context, key, group);
  if (Number(field(info, 'pending')) === 0) return entryNumber(field(info, 'last-delivered-id'));
  const [, oldest] = await context.redis.xpending(key, group);
  return typeof oldest === 'string' ? entryNumber(oldest) - 1 : 0;
}

async function dropIdleConsumers<Services>(context: TrimContext<Services>, key: string, group: string): Promise<void> {
  const consumers = await context.redis.xinfo('CONSUMERS', key, group);
  if (!Array.isArray(consumers)) return;
  for (const consumer of consumers) {
    const idleMs = Number(field(consumer, 'idle'));
    if (Number(field(consumer, 'pending')) > 0 || idleMs < CONSUMER_IDLE_MS_MAX) continue;
    await context.redis.xgroup('DELCONSUMER', key, group, field(consumer, 'name'));
  }
}
