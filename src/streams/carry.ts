/**
 * Carrying: a process that has committed a stage goes on with the next one at once, in place of waiting until Redis
 * brings back what it knows already. One read then takes a batch through consecutive stages, a commit for each.
 *
 * Promise: nothing depends on it. The event is stored and sent as always; who reads it holds it back while its carrier
 * lives (consumer.ts), and the inbox check lets only one of them count.
 */
import type { Delivery } from './delivery.ts';
import type { EventDraft } from './event.ts';
import type { Registry, Seat } from './registry.ts';

export interface Carrying {
  /** This process; in the outbox and in Redis it stands beside what it carries. */
  readonly carrier: string;
  /** May deliveries be handed straight to this stage now? False when it has enough to do, or the process must stop. */
  hasRoom(stage: string): boolean;
  /** Hands committed deliveries to their stages. */
  carry(carried: readonly Carried[]): void;
}

/** A delivery for a stage of this process that Redis has not brought. */
export interface Carried {
  /** `workflow.stage` */
  readonly stage: string;
  readonly delivery: Delivery;
}

/** By event type, who carries on what the stage returns: this process, or, when a type is missing, whoever reads it. */
export function carriersOf<Services>(
  { registry, carrying }: { registry: Pick<Registry<Services>, 'next'>; carrying: Carrying },
  seat: Seat<Services>,
): Readonly<Record<string, string>> {
  const carried = seat.stage.emits.filter(({ type }) => {
    const next = registry.next(seat.workflow, type);
    return next !== undefined && carrying.hasRoom(next.id);
  });
  return Object.fromEntries(carried.map(({ type }) => [type, carrying.carrier]));
}

/** The delivery that Redis would bring of an event that has just been stored. */
export function carryOn(
  stage: string,
  runId: string,
  event: EventDraft,
  { id: eventId, seq }: { id: number; seq: number },
  handed?: object,
): Carried {
  return {
    stage,
    delivery: {
      stream: event.type,
      eventId,
      runId,
      subject: event.subject,
      seq,
      // As it would have come back: what JSON does not keep must not be seen by one stage only.
      payload: JSON.parse(JSON.stringify(event.payload)) as unknown,
      kind: 'RUN',
      again: false,
      startsRun: false,
      isReturned: true,
      handed,
    },
  };
}

/** For work that is moved by hand: all of it goes through Redis. */
export const notCarrying: Carrying = { carrier: '', hasRoom: () => false, carry: () => {} };
