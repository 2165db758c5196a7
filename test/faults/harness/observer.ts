/**
 * A subscriber to every stream from its first entry on, who writes down what it is told.
 *
 * It reads by XREAD beside the program and judges at the end: no number missing, none twice, no event twice, and the
 * events of one subject in the order of their seq.
 */
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { openEntry } from './entries.ts';
import { tell } from './invariants.ts';
import { pause } from './wait.ts';

const wire = z.object({
  id: z.int(),
  subject: z.string(),
  seq: z.int().nullable(),
  again: z.string().nullable(),
});
const LOOK_EVERY_MS = 20;
const PAGE_MAX = 500;

interface Seen {
  number: number;
  eventId: number;
  subject: string;
  seq: number | null;
  isRepeat: boolean;
}

export interface Observer {
  /** Reads what is left, and judges. */
  judge(): Promise<{ violations: string[]; events: number }>;
  stop(): Promise<void>;
}

/** @param keys the streams, with their prefix; one that does not exist yet is waited for */
export function observe(redis: Redis, keys: readonly string[]): Observer {
  const seen = new Map<string, Seen[]>(keys.map((key) => [key, []]));
  const newest = new Map<string, string>();
  const stopping = new AbortController();

  async function look(): Promise<number> {
    let found = 0;
    for (const [key, entries] of seen) {
      const last = newest.get(key);
      const page = await redis.xrange(key, last === undefined ? '-' : `(${last}`, '+', 'COUNT', PAGE_MAX);
      for (const [id, fields] of page) {
        newest.set(key, id);
        entries.push(...openEntry(id, fields).map(({ number, event }) => toSeen(number, event)));
      }
      found += page.length;
    }
    return found;
  }
  const watching = (async () => {
    while (!stopping.signal.aborted) if ((await look()) === 0) await pause(LOOK_EVERY_MS);
  })();
  watching.catch(() => {});

  return {
    judge: async () => {
      stopping.abort();
      await watching;
      while ((await look()) > 0);
      const all = [...seen];
      return {
        violations: all.flatMap(([key, entries]) => judgeStream(key, entries)),
        events: all.reduce((total, [, entries]) => total + entries.length, 0),
      };
    },
    stop: async () => {
      stopping.abort();
      await watching.catch(() => {});
    },
  };
}

function toSeen(number: number, json: unknown): Seen {
  const event = wire.parse(json);
  return {
    number,
    eventId: event.id,
    subject: event.subject,
    seq: event.seq,
    isRepeat: event.again !== null,
  };
}

function judgeStream(key: string, entries: readonly Seen[]): string[] {
  const holes = entries.filter((entry, index) => entry.number !== (entries[index - 1]?.number ?? 0) + 1);
  const events = entries.filter((entry) => !entry.isRepeat);
  const ids = new Set<number>();
  const doubled = events.filter(({ eventId }) => ids.size === ids.add(eventId).size);
  const latest = new Map<string, number>();
  const inverted = events.filter(({ subject, seq }) => {
    const before = latest.get(subject) ?? 0;
    latest.set(subject, seq ?? before);
    return seq !== null && seq <= before;
  });
  const name = (entry: Seen) => `${entry.number} (${entry.subject})`;
  return [
    ...tell(`holes in ${key}`, holes, name),
    ...tell(`events sent twice in ${key}`, doubled, name),
    ...tell(`events out of order in ${key}`, inverted, name),
  ];
}
