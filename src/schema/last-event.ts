/** SQL pieces for the snapshot of a subject: the last event, beside the row it is about. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';

/**
 * To be left-joined as `e`: the last event of a subject, which may have none yet.
 * @param subject SQL that gives the subject's text
 */
export const lastEventOf = (subject: ReturnType<typeof sql>) => sql`
  lateral (
    select seq, stage, attempts, payload, created_at from event where event.subject = ${subject} order by seq desc limit 1
  ) e on true`;

/** The columns of `lastEventOf`, as a snapshot's select list takes them. */
export const lastEventColumns = sql`
  coalesce(e.seq, 0) as seq, e.stage, e.attempts, e.payload, coalesce(e.created_at, now()) as "createdAt"`;

export const lastEventRow = z.object({
  seq: z.number(),
  stage: z.string().nullable(),
  attempts: z.number().nullable(),
  payload: z.unknown(),
  createdAt: z.coerce.date(),
});

/** The status that held after `seq`: that of the last event up to it which names one. */
export const statusAt = (subject: string, seq: number) => sql`
  select payload->>'status' as status, payload->>'onSale' as "onSale", (payload->>'revisionNumber')::int as "revisionNumber"
  from event where subject = ${subject} and seq <= ${seq} and payload ? 'status' order by seq desc limit 1`;
