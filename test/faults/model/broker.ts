/**
 * Broker: Redis Streams as the engine uses them, with everything that Redis may do to it: forget all, come back as an
 * older copy of itself, hand an entry to another consumer.
 *
 * Promise checked here: a stream holds every stamped event once, in the order of pub_seq, without holes.
 */
import type { AppendAnswer } from '../../../src/streams/redis.ts';
import type { GroupState } from '../../../src/streams/decide.ts';
import { Violation } from './violation.ts';

export interface SimEntry {
  /** The number of its last event. */
  readonly number: number;
  /** How many events it holds. */
  readonly count: number;
  readonly fields: readonly string[];
}

interface PendingEntry {
  readonly count: number;
  consumer: string;
  deliveries: number;
}

interface Group {
  lastDelivered: number;
  readonly pending: Map<number, PendingEntry>;
}

interface Stream {
  last: number;
  entries: SimEntry[];
  readonly groups: Map<string, Group>;
}

export class Broker {
  #streams = new Map<string, Stream>();
  #replica = new Map<string, Stream>();

  compareAndAppend(stream: string, expected: number, packs: readonly SimEntry[]): AppendAnswer {
    const found = this.#stream(stream);
    if (found.last !== expected) return { appended: false, last: found.last };
    for (const pack of packs) {
      const last = found.entries.at(-1);
      if (last && pack.number - pack.count !== last.number) {
        throw new Violation(`a hole in ${stream}: ${pack.count} events up to ${pack.number} follow ${last.number}`);
      }
      found.entries.push(pack);
      found.last = pack.number;
    }
    return { appended: true, last: found.last };
  }

  lastOf(stream: string): number {
    return this.#streams.get(stream)?.last ?? 0;
  }

  read(stream: string, group: string, consumer: string, count: number): SimEntry[] {
    const found = this.#stream(stream);
    const { pending } = this.#group(stream, group);
    const state = this.#group(stream, group);
    const fresh = found.entries.filter((entry) => entry.number > state.lastDelivered).slice(0, count);
    for (const { number, count: events } of fresh) {
      pending.set(number, { count: events, consumer, deliveries: 1 });
      state.lastDelivered = number;
    }
    return fresh;
  }

  readPending(stream: string, group: string, consumer: string, count: number): SimEntry[] {
    this.#dropGone(stream, group);
    const { pending } = this.#group(stream, group);
    return this.#stream(stream)
      .entries.filter((entry) => pending.get(entry.number)?.consumer === consumer)
      .slice(0, count);
  }

  /** XAUTOCLAIM: hands over whatever another consumer holds, however busy it may still be. */
  claim(stream: string, group: string, consumer: string, count: number): { entry: SimEntry; deliveries: number }[] {
    this.#dropGone(stream, group);
    const { pending } = this.#group(stream, group);
    return this.#stream(stream)
      .entries.filter((entry) => (pending.get(entry.number)?.consumer ?? consumer) !== consumer)
      .slice(0, count)
      .map((entry) => {
        const deliveries = (pending.get(entry.number)?.deliveries ?? 0) + 1;
        pending.set(entry.number, { count: entry.count, consumer, deliveries });
        return { entry, deliveries };
      });
  }

  /** Pending entries that were trimmed: XAUTOCLAIM forgets them, a consumer that reads them acknowledges them. */
  #dropGone(stream: string, group: string): void {
    const { pending } = this.#group(stream, group);
    const { entries } = this.#stream(stream);
    for (const number of pending.keys()) {
      if (!entries.some((entry) => entry.number === number)) pending.delete(number);
    }
  }

  ack(stream: string, group: string, number: number): void {
    this.#streams.get(stream)?.groups.get(group)?.pending.delete(number);
  }

  groupState(stream: string, group: string): GroupState | null {
    const found = this.#streams.get(stream)?.groups.get(group);
    if (!found) return null;
    const firsts = [...found.pending].map(([number, { count }]) => number - count + 1);
    const oldestPending = firsts.length === 0 ? null : Math.min(...firsts);
    return { lastDelivered: found.lastDelivered, oldestPending };
  }

  /** @returns what it forgot */
  trim(stream: string, upTo: number): SimEntry[] {
    const found = this.#streams.get(stream);
    if (!found) return [];
    const { true: trimmed = [], false: kept = [] } = Object.groupBy(found.entries, ({ number }) => `${number <= upTo}`);
    found.entries = kept;
    return trimmed;
  }

  /** True when a group has something new to hand out. */
  hasNew(stream: string, group: string): boolean {
    const found = this.#streams.get(stream);
    return (
      found !== undefined && found.last > (found.groups.get(group)?.lastDelivered ?? 0) && found.entries.length > 0
    );
  }

  hasClaimable(stream: string, group: string, living: readonly string[]): boolean {
    const pending = this.#streams.get(stream)?.groups.get(group)?.pending;
    return pending !== undefined && [...pending.values()].some((one) => !living.includes(one.consumer));
  }

  lose(): void {
    this.#streams = new Map();
    this.#replica = new Map();
  }

  /** The replica catches up; until then it holds what it held. */
  replicate(): void {
    this.#replica = copy(this.#streams);
  }

  failOver(): void {
    this.#streams = copy(this.#replica);
  }

  #stream(name: string): Stream {
    const known = this.#streams.get(name);
    if (known) return known;
    const made: Stream = { last: 0, entries: [], groups: new Map() };
    this.#streams.set(name, made);
    return made;
  }

  /** Made at the very first entry, as `createGroups` does. */
  #group(stream: string, name: string): Group {
    const { groups } = this.#stream(stream);
    const known = groups.get(name);
    if (known) return known;
    const made: Group = { lastDelivered: 0, pending: new Map() };
    groups.set(name, made);
    return made;
  }
}

function copy(streams: ReadonlyMap<string, Stream>): Map<string, Stream> {
  return new Map(
    [...streams].map(([name, { last, entries, groups }]) => [
      name,
      {
        last,
        entries: [...entries],
        groups: new Map(
          [...groups].map(([group, { lastDelivered, pending }]) => [
            group,
            { lastDelivered, pending: new Map([...pending].map(([number, one]) => [number, { ...one }])) },
          ]),
        ),
      },
    ]),
  );
}
