/**
 * Two releases of one toy workflow, as they follow upon each other in a rolling deploy.
 *
 * | | older | newer |
 * |---|---|---|
 * | first stage | `wrap` | renamed to `pack` |
 * | then | `send` | `weigh`, new, before `send` |
 * | payload | `{ parcel }` | also `weightGrams`, 0 where an older event has none |
 *
 * The older release leaves runs behind at every point: events unread, stages under way, retries that wait.
 */
import { z } from 'zod';
import { advance, backoff, declare, defineEvent } from '../../../src/streams/index.ts';

/** What the outside was asked to do: how often each parcel was sent. */
export interface Outside {
  readonly sent: Map<string, number>;
  /** Parcels whose sending fails as long as they are in here. */
  readonly failing: Set<string>;
}

const { stage, workflow } = declare<Outside>();
const subject = ({ parcel }: { parcel: string }) => `parcel:${parcel}`;
const olderPayload = z.object({ parcel: z.string() });
const newerPayload = z.object({ parcel: z.string(), weightGrams: z.int().default(0) });
/** Ten tries over more than the row takes: what waits for one is in flight when the newer release comes. */
const patient = backoff({ attemptsMax: 10, delayMs: 2_000, delayMsMax: 5_000 });

export const olderOrdered = defineEvent('parcel.ordered', { payload: olderPayload, subject });
const olderWrapped = defineEvent('parcel.wrapped', { payload: olderPayload, subject });
const olderSent = defineEvent('parcel.sent', { payload: olderPayload, subject, terminal: true });
const newerOrdered = defineEvent('parcel.ordered', { payload: newerPayload, subject });
const newerWrapped = defineEvent('parcel.wrapped', { payload: newerPayload, subject });
const newerWeighed = defineEvent('parcel.weighed', { payload: newerPayload, subject });
const newerSent = defineEvent('parcel.sent', { payload: newerPayload, subject, terminal: true });

function send(outside: Outside, parcel: string): void {
  if (outside.failing.has(parcel)) throw new Error('the carrier is away');
  outside.sent.set(parcel, (outside.sent.get(parcel) ?? 0) + 1);
}

export const olderRelease = workflow('parcel', {
  startedBy: 'the row',
  stages: [
    stage('wrap', {
      on: olderOrdered,
      emits: [olderWrapped],
      pivot: true,
      retry: patient,
      timeoutMs: 2_000,
      run: async ({ payload }, { services }) => {
        if (services.failing.has(`wrap ${payload.parcel}`)) throw new Error('no paper');
        return advance(olderWrapped.of(payload));
      },
    }),
    stage('send', {
      on: olderWrapped,
      emits: [olderSent],
      retry: patient,
      timeoutMs: 2_000,
      run: async ({ payload }, { services }) => {
        send(services, payload.parcel);
        return advance(olderSent.of(payload));
      },
    }),
  ],
});

export const newerRelease = workflow('parcel', {
  startedBy: 'the row',
  stages: [
    stage('pack', {
      on: newerOrdered,
      emits: [newerWrapped],
      pivot: true,
      retry: patient,
      timeoutMs: 2_000,
      run: async ({ payload }) => advance(newerWrapped.of(payload)),
    }),
    stage('weigh', {
      on: newerWrapped,
      emits: [newerWeighed],
      retry: patient,
      runBatch: async (_tx, inputs) =>
        inputs.map(({ payload }) => advance(newerWeighed.of({ ...payload, weightGrams: 100 }))),
    }),
    stage('send', {
      on: newerWeighed,
      emits: [newerSent],
      retry: patient,
      timeoutMs: 2_000,
      run: async ({ payload }, { services }) => {
        send(services, payload.parcel);
        return advance(newerSent.of(payload));
      },
    }),
  ],
});
