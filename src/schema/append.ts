/** Events of a request, stored in the commit of what they tell of, under the trace that the request belongs to. */
import type { Tx } from '../db/client.ts';
import { appendEvents } from '../streams/outbox.ts';
import type { Context } from './context.ts';

type Drafts = Parameters<typeof appendEvents>[1];

export function append(
  { shards, traceId }: Pick<Context, 'shards' | 'traceId'>,
  tx: Tx,
  events: Drafts,
  now: Date,
): ReturnType<typeof appendEvents> {
  return appendEvents(tx, events, { now, shards, traceId });
}
