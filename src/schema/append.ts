/**
 * Events of a request, stored in the commit of what they tell of, under the trace that the request belongs to, and told to
 * the relay when that is done (commit.ts).
 */
import type { Tx } from '../db/client.ts';
import type { Parts } from '../db/parts.ts';
import type { WireEvent } from '../streams/delivery.ts';
import { type AppendDraft, appendEvents, toWire } from '../streams/outbox.ts';
import type { Context } from './context.ts';

/** Of more events in one transaction the relay is told only that there are some. */
const TOLD_MAX = 100;
const told = new WeakMap<Tx, readonly WireEvent[]>();

/** @param parts what the events tell of, where it is stored in the same statement */
export async function append(
  { shards, traceId }: Pick<Context, 'shards'> & { traceId?: string | null },
  tx: Tx,
  drafts: readonly AppendDraft[],
  now: Date,
  parts: Parts = {},
): ReturnType<typeof appendEvents> {
  const events = await appendEvents(tx, drafts, { now, shards, traceId: traceId ?? null }, { parts });
  const createdAt = now.toISOString();
  const these = drafts.flatMap((draft, at) => {
    const stored = events[at];
    return stored ? [toWire(draft, stored, createdAt)] : [];
  });
  told.set(tx, [...(told.get(tx) ?? []), ...these].slice(0, TOLD_MAX + 1));
  return events;
}

/** What `append` has stored in a transaction, as it will travel; nothing, where it is too much to be told. */
export function appendedIn(tx: Tx): readonly WireEvent[] {
  const all = told.get(tx) ?? [];
  return all.length > TOLD_MAX ? [] : all;
}
