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
const withStatus = z.object({ status: z.string() });
const withReason = z.object({ reason: z.string().nullable() });
const withNote = z.object({ note: z.string().nullable() });

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

export const statusOf = (payload: unknown): string | null => withStatus.safeParse(payload).data?.status ?? null;
export const reasonOf = (payload: unknown): string | null => withReason.safeParse(payload).data?.reason ?? null;
export const noteOf = (payload: unknown): string | null => withNote.safeParse(payload).data?.note ?? null;
