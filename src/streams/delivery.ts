/**
 * Deliveries: the wire form of events in Redis Streams, and what a stage makes of it.
 *
 * An entry is a pack: the events that one commit added to a stream, 1 to 500, under the id `number-count`, where number
 * is that of its last event. Its field `e` holds JSON; `c` names the process that carries the events on itself, and `i`
 * repeats their ids, so that this one knows them again without opening `e`. An entry on a stage's own stream holds events delivered to that stage again (a retry, a snooze, a compensation, a replay).
 */
import { z } from 'zod';
import type { Seat } from './registry.ts';

const wireEvent = z.object({
  id: z.int(),
  type: z.string(),
  subject: z.string(),
  seq: z.int(),
  runId: z.string().nullable(),
  stage: z.string().nullable(),
  attempts: z.int().nullable(),
  durationMs: z.int().nullable(),
  payload: z.unknown(),
  createdAt: z.iso.datetime({ offset: true }),
  /** Null for an event as it happened; else what the stage is to do with it again. */
  again: z.enum(['RUN', 'COMPENSATE']).nullable(),
});
export type WireEvent = z.infer<typeof wireEvent>;
const wirePack = z.array(wireEvent).min(1);
/** Any number of events, as a hint tells them. */
export const wireEvents = z.array(wireEvent);

/** What a stage has been handed. */
export interface Delivery {
  readonly stream: string;
  readonly eventId: number;
  readonly runId: string;
  readonly subject: string;
  /** The event's number among those of its subject. */
  readonly seq: number;
  readonly payload: unknown;
  readonly kind: 'RUN' | 'COMPENSATE';
  /** True when a timer or an operator asked for it, so that it may go ahead although a retry was planned. */
  readonly again: boolean;
  readonly startsRun: boolean;
  /** Some stage returned it; else a request or a timer made it. */
  readonly isReturned: boolean;
  /** What the stage before has handed on in this process; true when that committed. */
  readonly handed?: object | undefined;
}

export interface StreamEntry {
  readonly stream: string;
  readonly streamKey: string;
  readonly entryId: string;
  /** Names and values in turn; bytes, where they were read as such, so that only what is looked at becomes text. */
  readonly fields: readonly (string | Buffer)[];
}

export const encodePack = (events: readonly WireEvent[]): string[] => ['e', JSON.stringify(events)];

/** @returns the events of an entry, in order; null when it was not written by a relay of ours */
export function decodePack(fields: StreamEntry['fields']): WireEvent[] | null {
  const value = fieldOf(fields, 'e');
  if (value === null) return null;
  try {
    const events: unknown = JSON.parse(value);
    // Releases before the packs wrote one event, not in an array.
    return wirePack.parse(Array.isArray(events) ? events : [events]);
  } catch {
    return null;
  }
}

/** The process that carries a pack on itself, if one does. */
export const carrierOf = (entry: Pick<StreamEntry, 'fields'>): string | null => fieldOf(entry.fields, 'c');

/** The keys of what a pack delivers, when it says so outside of its JSON: a pack that is carried. */
export function carriedKeys(entry: Pick<StreamEntry, 'fields'>): string[] | null {
  return (
    fieldOf(entry.fields, 'i')
      ?.split(',')
      .map((id) => keyOf(id, 'RUN', false)) ?? null
  );
}

function fieldOf(fields: StreamEntry['fields'], name: string): string | null {
  for (let at = 0; at + 1 < fields.length; at += 2)
    if (fields[at]?.toString() === name) return fields[at + 1]?.toString() ?? null;
  return null;
}

/**
 * What a stage is to do with an entry.
 * @returns null when this stage cannot read it
 */
export function toDeliveries<Services>(seat: Seat<Services>, entry: StreamEntry): Delivery[] | null {
  const events = decodePack(entry.fields);
  // A retry planned by an older release, in which this stage consumed another event, is not this stage's any more.
  if (!events || events.some(({ type }) => type !== seat.stage.on.type)) return null;
  return events.map((event) => toDelivery(seat, entry.stream, event));
}

/** With the run an event belongs to in a stage's workflow: the one that returned it, or the one it starts. */
export function toDelivery<Services>(seat: Seat<Services>, stream: string, event: WireEvent): Delivery {
  const prefix = `${seat.workflow.name}/`;
  const ownRun = event.runId?.startsWith(prefix) ? event.runId : null;
  return {
    stream,
    eventId: event.id,
    runId: ownRun ?? `${prefix}${event.id}`,
    subject: event.subject,
    seq: event.seq,
    payload: event.payload,
    kind: event.again ?? 'RUN',
    again: event.again !== null,
    startsRun: ownRun === null && seat.isFirst,
    isReturned: event.runId !== null,
  };
}

/** One event in the hands of one stage, however it got there. */
export const deliveryKey = ({ eventId, kind, again }: Delivery): string => keyOf(eventId, kind, again);

const keyOf = (eventId: number | string, kind: Delivery['kind'], again: boolean): string =>
  `${eventId} ${kind}${again ? ' again' : ''}`;

/** The event that started a run, read from the run's id. */
export const startEventId = (runId: string): number => Number(runId.slice(runId.indexOf('/') + 1));
