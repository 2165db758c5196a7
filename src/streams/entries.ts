/** Entries: what a consumer has been handed by Redis, as parsed from its answers and sorted into batches. */
import type { Delivery, StreamEntry } from './delivery.ts';

/** An entry and what its stage is to do with it. */
export interface Opened {
  readonly entry: StreamEntry;
  readonly deliveries: readonly Delivery[];
}

/** An entry whose deliveries are in work or done here already, by their keys. */
export interface Known {
  readonly entry: StreamEntry;
  readonly keys: readonly string[];
}

export const countEvents = (opened: readonly Opened[]): number =>
  opened.reduce((total, { deliveries }) => total + deliveries.length, 0);

/** Whole entries, together no more events than a batch may hold, unless a single entry holds more. */
export function inBatches(opened: readonly Opened[], eventsMax: number): Opened[][] {
  const batches: Opened[][] = [];
  let events = Number.POSITIVE_INFINITY;
  for (const one of opened) {
    if (events + one.deliveries.length > eventsMax) {
      batches.push([]);
      events = 0;
    }
    batches.at(-1)?.push(one);
    events += one.deliveries.length;
  }
  return batches;
}

export const entryKey = (at: { streamKey: string; entryId: string }): string => `${at.streamKey} ${at.entryId}`;

export function parseEntries(answer: unknown, keys: readonly { stream: string; key: string }[]): StreamEntry[] {
  if (!Array.isArray(answer)) return [];
  return answer.flatMap((part: unknown) => {
    if (!Array.isArray(part)) return [];
    const streamKey = String(part[0]);
    const place = keys.find(({ key }) => key === streamKey);
    return place ? parseStream(part[1], place) : [];
  });
}

export function parseStream(entries: unknown, { stream, key }: { stream: string; key: string }): StreamEntry[] {
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    // A pending entry that was trimmed away comes back without fields.
    const fields = Array.isArray(entry[1])
      ? entry[1].map((one: unknown) => (Buffer.isBuffer(one) ? one : String(one)))
      : [];
    return [{ stream, streamKey: key, entryId: String(entry[0]), fields }];
  });
}
