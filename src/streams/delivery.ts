/**
 * Deliveries: the wire form of events in Redis Streams, and what a stage makes of it.
 *
 * An entry has one field, `e`, holding JSON. An entry on a stage's own stream is an event delivered to that stage again
 * (a retry, a snooze, a compensation, a replayed dead letter).
 */
import { z } from 'zod';
import type { Seat } from './registry.ts';

const wireEvent = z.object({
  id: z.int(),
  type: z.string(),
  subject: z.string(),
  seq: z.int().nullable(),
  runId: z.string().nullable(),
  stage: z.string().nullable(),
  attempts: z.int().nullable(),
  durationMs: z.int().nullable(),
  payload: z.unknown(),
  createdAt: z.iso.datetime(),
  /** Null for an event as it happened; else what the stage is to do with it again. */
  again: z.enum(['RUN', 'COMPENSATE']).nullable(),
});
export type WireEvent = z.infer<typeof wireEvent>;

/** What a stage has been handed, and where to acknowledge it. */
export interface Delivery {
  readonly stream: string;
  readonly streamKey: string;
  readonly entryId: string;
  readonly eventId: number;
  readonly runId: string;
  readonly subject: string;
  readonly payload: unknown;
  readonly kind: 'RUN' | 'COMPENSATE';
  /** True when a timer or an operator asked for it, so that it may go ahead although a retry was planned. */
  readonly again: boolean;
  readonly startsRun: boolean;
}

export interface StreamEntry {
  readonly stream: string;
  readonly streamKey: string;
  readonly entryId: string;
  readonly fields: readonly string[];
}

export const encodeWire = (event: WireEvent): string => JSON.stringify(event);

/** @returns null when the entry was not written by a relay of ours */
export function decodeWire(fields: readonly string[]): WireEvent | null {
  const [name, value] = fields;
  if (name !== 'e' || value === undefined) return null;
  try {
    return wireEvent.parse(JSON.parse(value));
  } catch {
    return null;
  }
}

/**
 * The run an event belongs to in a stage's workflow: the one that returned it, or the one it starts.
 * @returns null when this stage cannot read the entry
 */
export function toDelivery<Services>(seat: Seat<Services>, entry: StreamEntry): Delivery | null {
  const event = decodeWire(entry.fields);
  // A retry planned by an older release, in which this stage consumed another event, is not this stage's any more.
  if (!event || event.type !== seat.stage.on.type) return null;
  const prefix = `${seat.workflow.name}/`;
  const ownRun = event.runId?.startsWith(prefix) ? event.runId : null;
  return {
    stream: entry.stream,
    streamKey: entry.streamKey,
    entryId: entry.entryId,
    eventId: event.id,
    runId: ownRun ?? `${prefix}${event.id}`,
    subject: event.subject,
    payload: event.payload,
    kind: event.again ?? 'RUN',
    again: event.again !== null,
    startsRun: ownRun === null && seat.isFirst,
  };
}

/** The event that started a run, read from the run's id. */
export const startEventId = (runId: string): number => Number(runId.slice(runId.indexOf('/') + 1));
