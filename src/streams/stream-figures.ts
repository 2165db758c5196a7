/**
 * What each Redis stream holds and who reads it, beside what PostgreSQL says of it. For the workbench: it only looks.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { decodePack } from './delivery.ts';
import { entryNumber, field, firstNumber } from './redis.ts';
import type { FiguresContext } from './stage-figures.ts';

export interface ConsumerFigures {
  /** The process that reads. */
  readonly name: string;
  /** Entries in its hands. */
  readonly pending: number;
  /** Since it last asked for entries. */
  readonly idleMs: number;
}

export interface GroupFigures {
  /** `workflow.stage` */
  readonly stage: string;
  readonly pending: number;
  /** Events behind the end of the stream that it has not finished, as PostgreSQL knows it. */
  readonly lag: number;
  readonly lastDelivered: number;
  readonly consumers: readonly ConsumerFigures[];
}

export interface StreamFigures {
  readonly stream: string;
  readonly shard: number;
  /** Entries that Redis holds; each is a pack of 1 to 500 events. Null while Redis is away. */
  readonly length: number | null;
  /** The number of the last event that the relay has stamped. */
  readonly lastStamped: number;
  /** The number of the last event in Redis: behind `lastStamped` while the relay sends. */
  readonly lastSent: number | null;
  /** The first that is still in Redis: what is before it was trimmed, since every stage has finished it. */
  readonly firstKept: number | null;
  /** When the oldest event that is still in Redis was committed. */
  readonly oldestAt: Date | null;
  readonly groups: readonly GroupFigures[];
}

export interface RelayFigures {
  readonly shard: number;
  /** The process that leads it; null when the lease has run out. */
  readonly leader: string | null;
  /** Events that are committed and not stamped yet. */
  readonly unsent: number;
  /** When the oldest of them was committed. */
  readonly oldestUnsentAt: Date | null;
}

const headRow = z.object({ stream: z.string(), shard: z.number(), last: z.coerce.number() });
const lagRow = z.object({ stage: z.string(), stream: z.string(), shard: z.number(), lag: z.coerce.number() });

/** Every stream that an event was ever sent on, by name. */
export async function readStreamFigures<Services>(
  context: FiguresContext<Services>,
): Promise<readonly StreamFigures[]> {
  const { db, redis, keys } = context;
  const heads = (
    await db.execute(sql`select stream, shard, last_pub_seq as last from stream_head order by stream, shard`)
  ).map((row) => headRow.parse(row));
  const lags = (
    await db.execute(sql`
      select p.stage, p.stream, p.shard, h.last_pub_seq - p.done_pub_seq as lag
      from stage_progress p join stream_head h using (stream, shard)`)
  ).map((row) => lagRow.parse(row));
  return Promise.all(
    heads.map(async ({ stream, shard, last }) => {
      const key = keys.key(stream, shard);
      const info: unknown = await redis.xinfo('STREAM', key).catch(() => null);
      const groups: unknown = await redis.xinfo('GROUPS', key).catch(() => []);
      const lagOf = (stage: string) =>
        lags.find((one) => one.stage === stage && one.stream === stream && one.shard === shard)?.lag ?? 0;
      return {
        stream,
        shard,
        lastStamped: last,
        length: info === null ? null : Number(field(info, 'length')),
        lastSent: info === null ? null : entryNumber(field(info, 'last-generated-id')),
        ...oldestIn(info),
        groups: await Promise.all(
          (Array.isArray(groups) ? groups : []).map((group) => readGroup(context, key, group, lagOf)),
        ),
      };
    }),
  );
}

const entrySchema = z.tuple([z.string(), z.array(z.string())]);

/** @param info of XINFO STREAM; null while Redis is away */
function oldestIn(info: unknown): Pick<StreamFigures, 'firstKept' | 'oldestAt'> {
  const names: unknown[] = Array.isArray(info) ? info : [];
  const entry = entrySchema.safeParse(names[names.indexOf('first-entry') + 1]).data;
  if (!entry) return { firstKept: null, oldestAt: null };
  const [id, fields] = entry;
  const [oldest] = decodePack(fields) ?? [];
  return { firstKept: firstNumber(id), oldestAt: oldest ? new Date(oldest.createdAt) : null };
}

async function readGroup<Services>(
  { redis }: FiguresContext<Services>,
  key: string,
  group: unknown,
  lagOf: (stage: string) => number,
): Promise<GroupFigures> {
  const stage = field(group, 'name');
  const consumers: unknown = await redis.xinfo('CONSUMERS', key, stage).catch(() => []);
  return {
    stage,
    pending: Number(field(group, 'pending')),
    lag: lagOf(stage),
    lastDelivered: entryNumber(field(group, 'last-delivered-id')),
    consumers: (Array.isArray(consumers) ? consumers : []).map((consumer) => ({
      name: field(consumer, 'name'),
      pending: Number(field(consumer, 'pending')),
      idleMs: Number(field(consumer, 'idle')),
    })),
  };
}

const relayRow = z.object({
  shard: z.number(),
  leader: z.string().nullable(),
  unsent: z.coerce.number(),
  oldestUnsentAt: z.coerce.date().nullable(),
});

export async function readRelayFigures<Services>({ db }: FiguresContext<Services>): Promise<readonly RelayFigures[]> {
  const rows = await db.execute(sql`
    select l.shard, case when l.expires_at > clock_timestamp() then l.holder end as leader,
           coalesce(o.unsent, 0) as unsent, o.oldest as "oldestUnsentAt"
    from relay_lease l left join (
      select shard, sum(cardinality(event_ids)) as unsent, min(created_at) as oldest
      from outbox where pub_seq is null group by shard) o using (shard)
    order by l.shard`);
  return rows.map((row) => relayRow.parse(row));
}
