/** The toy workflows of the engine's tests. */
import { advance, backoff, once, untilDone } from '../../src/streams/index.ts';
import {
  call,
  parcelCancelled,
  parcelOrdered,
  parcelPacked,
  parcelPaid,
  parcelRefused,
  parcelShipped,
  stage,
  workflow,
} from './support.ts';

const parcelOf = (subject: string) => subject.slice('parcel:'.length);

/** pack (sql) → pay (calls out, can be undone, pivot or not) → ship (sql) */
export const shipping = workflow('shipping', {
  startedBy: 'Mutation.orderParcel',
  failsWith: {
    event: parcelCancelled,
    build: async (_tx, { subject }) => parcelCancelled.of({ parcel: parcelOf(subject) }),
  },
  stages: [
    stage('pack', {
      on: parcelOrdered,
      emits: [parcelPacked, parcelRefused],
      retry: once,
      runBatch: async (_tx, inputs, { services }) =>
        inputs.map(({ payload }) => {
          call(services, 'pack', payload.parcel);
          return advance(payload.parcel === 'empty' ? parcelRefused.of(payload) : parcelPacked.of(payload));
        }),
    }),
    stage('pay', {
      on: parcelPacked,
      emits: [parcelPaid],
      pivot: true,
      retry: backoff({ attemptsMax: 3, delayMs: 1_000, delayMsMax: 8_000 }),
      timeoutMs: 2_000,
      run: async ({ payload }, { services }) => {
        call(services, 'pay', payload.parcel);
        return advance(parcelPaid.of(payload));
      },
      compensate: async ({ payload }, { services }) => {
        call(services, 'unpay', payload.parcel);
        return null;
      },
    }),
    stage('ship', {
      on: parcelPaid,
      emits: [parcelShipped],
      retry: untilDone({ delayMs: 1_000, delayMsMax: 60_000 }),
      runBatch: async (_tx, inputs, { services }) =>
        inputs.map(({ payload }) => {
          call(services, 'ship', payload.parcel);
          return advance(parcelShipped.of(payload));
        }),
    }),
  ],
});
