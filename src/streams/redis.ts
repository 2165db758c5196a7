/**
 * Redis, as the engine uses it: key names, clients, and the compare-and-append script.
 *
 * Promise: a command fails after a bounded time and never hangs; a client that was cut while it blocked is thrown away,
 * never reused (a reused one wedged after cut connections).
 */
import { Redis } from 'ioredis';
import type { Log } from './log.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;
const RECONNECT_DELAY_MS_MAX = 500;

/** `prefix` keeps several installations on one Redis apart. */
export interface StreamKeys {
  key(stream: string, shard: number): string;
}

export const streamKeys = (prefix: string): StreamKeys => ({
  key: (stream, shard) => `${prefix}${stream}:${shard}`,
});

/** The client for commands that answer at once. It reconnects by itself; a command fails after 5 s. */
export function openRedis(url: string, log: Log): Redis {
  const client = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 2,
    retryStrategy: (times) => Math.min(times * 50, RECONNECT_DELAY_MS_MAX),
  });
  reportOnce(client, url, log);
  return client;
}

/** A client for one blocking reader. It does not reconnect: on any error, discard it and open another. */
export async function openBlockingReader(url: string): Promise<Redis> {
  const client = new Redis(url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
  });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Clients of this process that wait for a server, by its address. */
const awayFrom = new Map<string, Set<Redis>>();

/** One line when a server goes away and one when it is back, however long it takes and however many clients wait. */
function reportOnce(client: Redis, url: string, log: Log): void {
  const away = awayFrom.get(url) ?? new Set<Redis>();
  awayFrom.set(url, away);
  client.on('error', (error: Error) => {
    if (away.size === 0) log.warn({ reason: error.message }, 'Redis cannot be reached; trying again until it can');
    away.add(client);
  });
  client.on('ready', () => {
    if (away.delete(client) && away.size === 0) log.warn({}, 'Redis is back');
  });
  client.on('end', () => away.delete(client));
}

export const isMissingGroup = (error: unknown): boolean =>
  error instanceof Error && (error.message.includes('NOGROUP') || error.message.includes('UNBLOCKED'));

export const isMissingKey = (error: unknown): boolean =>
  error instanceof Error && error.message.includes('no such key');

/**
 * Appends packs only if the stream's last number is the expected one.
 * KEYS[1] stream; ARGV[1] expected last number; then five for each pack: the number of its last event, how many events
 * it holds, its `e` field, its `c` field or an empty text, its `i` field, which goes with `c`.
 * Returns the stream's last number afterwards, negative minus one when it was not the expected one.
 */
const COMPARE_AND_APPEND = `
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
local last = 0
if info.err then
  if not string.find(info.err, 'no such key') then return info end
else
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then last = tonumber(string.match(info[i + 1], '^(%d+)')) end
  end
end
if last ~= tonumber(ARGV[1]) then return -last - 1 end
for i = 2, #ARGV, 5 do
  last = tonumber(ARGV[i])
  local id = ARGV[i] .. '-' .. ARGV[i + 1]
  if ARGV[i + 3] == '' then redis.call('XADD', KEYS[1], id, 'e', ARGV[i + 2])
  else redis.call('XADD', KEYS[1], id, 'e', ARGV[i + 2], 'c', ARGV[i + 3], 'i', ARGV[i + 4]) end
end
return last
`;

/** Events that travel as one entry. */
export interface Pack {
  /** The number of its last event. */
  readonly last: number;
  /** Of its events, in their order. */
  readonly ids: readonly number[];
  /** JSON */
  readonly events: string;
  readonly carrier: string | null;
}

/** What compare-and-append did: appended up to `last`, or refused because the stream ends at `last`. */
export interface AppendAnswer {
  readonly appended: boolean;
  readonly last: number;
}

export async function compareAndAppend(
  redis: Redis,
  key: string,
  expectedLast: number,
  packs: readonly Pack[],
): Promise<AppendAnswer> {
  const args = packs.flatMap(({ last, ids, events, carrier }) => [
    last,
    ids.length,
    events,
    carrier ?? '',
    carrier === null ? '' : ids.join(','),
  ]);
  const answer = Number(await redis.eval(COMPARE_AND_APPEND, 1, key, expectedLast, ...args));
  return answer < 0 ? { appended: false, last: -answer - 1 } : { appended: true, last: answer };
}

/** The last number of each stream, 0 for one that does not exist. One round trip. */
export async function lastNumbers(redis: Redis, keys: readonly string[]): Promise<number[]> {
  if (keys.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const key of keys) pipeline.xinfo('STREAM', key);
  const answers = (await pipeline.exec()) ?? [];
  return answers.map(([error, info]) => {
    if (error) {
      if (isMissingKey(error)) return 0;
      throw error;
    }
    return entryNumber(field(info, 'last-generated-id'));
  });
}

/** A field of a flat Redis answer such as XINFO's. */
export function field(info: unknown, name: string): string {
  if (!Array.isArray(info)) return '';
  const at = info.indexOf(name);
  return at < 0 ? '' : String(info[at + 1]);
}

/** The number of an entry's last event: `42-3` → 42 */
export const entryNumber = (id: string): number => Number(id.split('-', 1)[0]) || 0;

/** The number of an entry's first event: `42-3` → 40 */
export const firstNumber = (id: string): number => entryNumber(id) - (Number(id.split('-')[1]) || 1) + 1;

/** Where to read on from, to get everything behind an event. */
export const behind = (number: number): string => `${number}-18446744073709551615`;
