/**
 * What an event tells of a thing on its way: the stage, the attempts, the next try.
 *
 * `stage.retrying` is an event of every subject: a stage failed and is tried again. Its error is for operators only.
 */
import { z } from 'zod';
import type { StoredEvent } from '../streams/event.ts';

const retrying = z.object({
  stage: z.string().nullish(),
  failures: z.number().nullish(),
  retryAt: z.coerce.date().nullish(),
});
// What need not be there is no fault: to find one costs more than all else about an event.
const withStatus = z.object({ status: z.string().nullish() });
const withReason = z.object({ reason: z.string().nullish() });
const withNote = z.object({ note: z.string().nullish() });

export interface Progress {
  seq: number;
  at: Date;
  /** `workflow.stage`; null for what a person did. */
  stage: string | null;
  attempts: number | null;
  retryAt: Date | null;
}

type Told = Pick<StoredEvent, 'seq' | 'stage' | 'attempts' | 'payload' | 'createdAt'>;

export function progressOf(event: Told): Progress {
  const retry = retrying.safeParse(event.payload).data;
  return {
    seq: event.seq,
    at: event.createdAt,
    stage: event.stage ?? retry?.stage ?? null,
    attempts: event.attempts ?? retry?.failures ?? null,
    retryAt: retry?.retryAt ?? null,
  };
}

/** @param known the statuses of its kind of thing. @returns null where the payload tells none of them */
export function statusOf<Status extends string>(known: z.ZodType<Status>, payload: unknown): Status | null {
  const told = withStatus.safeParse(payload).data?.status ?? null;
  return told === null ? null : (known.safeParse(told).data ?? null);
}
export const reasonOf = (payload: unknown): string | null => withReason.safeParse(payload).data?.reason ?? null;
export const noteOf = (payload: unknown): string | null => withNote.safeParse(payload).data?.note ?? null;
