/**
 * Hints: whoever has committed events tells the process that leads the relay at once, and what they are.
 *
 * Promise: nothing depends on them. What no hint told the relay finds by its own look every 250 ms, and reads from
 * PostgreSQL. A hint may be lost, come twice, or come late.
 * Life of a hint: events are committed → within 10 ms published in Redis → noted by the leader of their shard, whose relay
 * need not read them again (recent-events.ts), and handed to the stages that begin with them (engine.ts).
 * Not by NOTIFY: one in each transaction halves the rate, and it carries 8 kB.
 */
import type { Redis } from 'ioredis';
import { type WireEvent, wireEvents } from './delivery.ts';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';
import { openRedis } from './redis.ts';

/** Tells the relay what was committed; without events only that something was. */
export type Wake = (events?: readonly WireEvent[]) => void;

const HINT_EVERY_MS = 10;
const EVENTS_MAX = 100;
const CHARACTERS_MAX = 64 * 1_024;

/** `committed` is for whoever leads the relay, `live` for whoever serves subscribers (live-hints.ts). */
export type Channel = 'committed' | 'live';

/** Redis keeps the keys of its databases apart, but not their channels. */
export const hintChannel = (redis: Pick<Redis, 'options'>, keyPrefix: string, channel: Channel): string =>
  `${keyPrefix}${channel}@${redis.options.db ?? 0}`;

/** While Redis is away nothing can be sent to a stream either, and hints need not queue for it: it is not sent then. */
export function publishHint(redis: Publisher, name: string, text: string): void {
  if (redis.status !== 'ready') return;
  redis.publish(name, text).catch(() => {
    // What nobody is told is found all the same: by the relay's own look every 250 ms, and in the streams.
  });
}

export type Publisher = Pick<Redis, 'publish' | 'status' | 'options'>;

/**
 * Tells other processes, at most once in 10 ms: the first call at once, the last one too unless Redis is away.
 * Of more than 100 events or 64 Ki characters in that time only that there are some is told.
 */
export function createNotifier(redis: Publisher, keyPrefix: string): Wake {
  let waiting: readonly WireEvent[] = [];
  let isPlanned = false;
  let sentAtMs = Number.NEGATIVE_INFINITY;
  const send = () => {
    const text = hintOf(waiting.length > EVENTS_MAX ? [] : waiting) ?? '[]';
    waiting = [];
    isPlanned = false;
    sentAtMs = performance.now();
    publishHint(redis, hintChannel(redis, keyPrefix, 'committed'), text);
  };
  return (events = []) => {
    if (waiting.length <= EVENTS_MAX) waiting = [...waiting, ...events];
    if (isPlanned) return;
    const waitMs = sentAtMs + HINT_EVERY_MS - performance.now();
    if (waitMs <= 0) {
      send();
      return;
    }
    isPlanned = true;
    setTimeout(send, waitMs).unref();
  };
}

/**
 * Listens to what other processes tell, over a connection of its own, again whenever that was lost.
 * @param onHint is given what `readHint` reads
 */
export function listenToHints(
  { redisUrl, keyPrefix, log }: { redisUrl: string; keyPrefix: string; log: Log },
  channel: Channel,
  onHint: (text: string) => void,
): { stop(): void } {
  const client = openRedis(redisUrl, log);
  client.on('message', (_channel, text) => onHint(text));
  client.on('ready', () => {
    client.subscribe(hintChannel(client, keyPrefix, channel)).catch((error: unknown) => {
      // Lost again, it subscribes again; what Redis refuses it to must be told to whoever set Redis up.
      if (client.status === 'ready')
        log.warn(
          { error: describeError(error) },
          `Redis lets this process hear no hints of '${channel}'; it finds what was committed a little later`,
        );
    });
  });
  return { stop: () => client.disconnect() };
}

/** @returns null where it were more than 64 Ki characters; so many are not written out first */
export function hintOf(events: readonly WireEvent[]): string | null {
  const texts = [];
  let characters = 1;
  for (const event of events) {
    const text = JSON.stringify(event);
    characters += text.length + 1;
    if (characters > CHARACTERS_MAX) return null;
    texts.push(text);
  }
  return `[${texts.join(',')}]`;
}

/** What cannot be read, a newer release's say, still tells that something was committed. */
export function readHint(text: string): readonly WireEvent[] {
  try {
    return wireEvents.parse(JSON.parse(text));
  } catch {
    return [];
  }
}
