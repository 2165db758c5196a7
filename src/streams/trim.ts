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

/** @returns how many entries were trimmed */
export async function trimOnce<Services>(context: TrimContext<Services>): Promise<number> {
  const heads = await context.db.execute<{ stream: string; last_pub_seq: string }>(
    sql`select stream, last_pub_seq from stream_head where shard = ${context.shard}`,
  );
  let trimmed = 0;
  for (const head of heads) {
    const last = Number(head.last_pub_seq);
    const floor = trimUpTo(last, await recordProgress(context, head.stream, last), TAIL_ENTRIES);
    if (floor <= 0) continue;
    trimmed += await context.redis.xtrim(context.keys.key(head.stream, context.shard), 'MINID', `${floor + 1}-0`);
  }
  return trimmed;
}

/** Up to where each stage that reads the stream has finished; none for a stream that no stage reads. */
async function recordProgress<Services>(
  context: TrimContext<Services>,
  stream: string,
  last: number,
): Promise<number[]> {
  const finished: number[] = [];
  for (const seat of context.registry.readersOf(stream)) {
    const done = finishedUpTo(await readGroup(context, stream, seat.id), last);
    finished.push(done);
    await saveProgress(context, seat.id, stream, done);
  }
  if (finished.length === 0) await saveProgress(context, NO_STAGE, stream, last);
  return finished;
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
  await dropIdleConsumers(context, key, group);
  const lastDelivered = entryNumber(field(info, 'last-delivered-id'));
  if (Number(field(info, 'pending')) === 0) return { lastDelivered, oldestPending: null };
  const [, oldest] = await context.redis.xpending(key, group);
  // What was pending a moment ago may be acknowledged by now, and newer entries handed out: look again next time.
  return { lastDelivered, oldestPending: typeof oldest === 'string' ? entryNumber(oldest) : 1 };
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
