/**
 * Events: what happened, in the past tense, with a payload that is parsed wherever it enters.
 *
 * An event type is declared once. Its name is the Redis stream it travels on; its subject is what it is about, and
 * events of one subject are numbered 1, 2, 3 … without gaps.
 * Not here: how events are stored (outbox.ts) and sent (relay.ts).
 */
import type { z } from 'zod';

export interface EventType<Name extends string = string, Payload = unknown> {
  readonly type: Name;
  readonly schema: z.ZodType<Payload>;
  /** Ends the run that returns it: no stage of the same workflow consumes it. */
  readonly terminal: boolean;
  subject(payload: Payload): string;
  /** A draft of this event, ready to be returned by a stage or appended by a mutation. */
  of(payload: Payload): EventDraft<Name>;
  /** A draft from a payload that somebody wrote by hand. */
  draft(payload: unknown): DraftAnswer;
}

/** The event, or what is wrong with its payload, each fault with its path. */
export type DraftAnswer = { readonly draft: EventDraft } | { readonly faults: readonly string[] };

/** An event that has not been stored yet. */
export interface EventDraft<Name extends string = string> {
  readonly type: Name;
  readonly subject: string;
  readonly payload: unknown;
}

/** An event as stored, delivered and shown to subscribers. */
export interface StoredEvent {
  readonly id: number;
  readonly type: string;
  readonly subject: string;
  readonly seq: number;
  readonly runId: string | null;
  readonly stage: string | null;
  readonly attempts: number | null;
  readonly durationMs: number | null;
  readonly payload: unknown;
  readonly createdAt: Date;
}

interface EventOptions<Payload> {
  payload: z.ZodType<Payload>;
  subject: (payload: Payload) => string;
  terminal?: boolean;
}

const EVENT_NAME = /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/;

/**
 * Declares an event type.
 * @param type `noun.past-tense`
 * @throws TypeError when the name is not of that form
 */
export function defineEvent<const Name extends string, Payload>(
  type: Name,
  options: EventOptions<Payload>,
): EventType<Name, Payload> {
  if (!EVENT_NAME.test(type)) throw new TypeError(`event name '${type}' is not of the form noun.past-tense`);
  const of = (payload: Payload): EventDraft<Name> => ({ type, subject: options.subject(payload), payload });
  return {
    type,
    schema: options.payload,
    subject: options.subject,
    terminal: options.terminal ?? false,
    of,
    draft: (payload) => {
      const parsed = options.payload.safeParse(payload);
      if (parsed.success) return { draft: of(parsed.data) };
      return { faults: parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'payload'}: ${message}`) };
    },
  };
}
