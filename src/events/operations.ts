/** What happens in the house itself: notices and health. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

export const HEALTH_SUBJECT = 'health';

export const noticeSent = defineEvent('notice.sent', {
  payload: z.object({ key: z.string(), kind: z.string() }),
  subject: (payload) => `notice:${payload.key}`,
  terminal: true,
});
export const healthDue = defineEvent('health.due', {
  payload: z.object({ slot: z.iso.datetime() }),
  subject: (payload) => `health-check:${payload.slot}`,
});
export const healthReported = defineEvent('health.reported', {
  payload: z.object({ slot: z.iso.datetime(), reportId: z.uuid(), status: z.enum(['UP', 'DEGRADED', 'DOWN']) }),
  subject: () => HEALTH_SUBJECT,
  terminal: true,
});

export const FILE_SWEEP_SUBJECT = 'file-sweep';
export const STORE_SWEEP_SUBJECT = 'store-sweep';

export const fileSweepDue = defineEvent('file-sweep.due', {
  payload: z.object({ slot: z.iso.datetime() }),
  subject: (payload) => `file-sweep:${payload.slot}`,
});
/** Their rows are gone; their bytes are to follow. */
export const filesReleased = defineEvent('files.released', {
  payload: z.object({ slot: z.iso.datetime(), storageKeys: z.array(z.string()) }),
  subject: (payload) => `file-sweep:${payload.slot}`,
});
export const filesRemoved = defineEvent('files.removed', {
  payload: z.object({ slot: z.iso.datetime(), removed: z.int() }),
  subject: () => FILE_SWEEP_SUBJECT,
  terminal: true,
});
export const storeSweepDue = defineEvent('store-sweep.due', {
  payload: z.object({ slot: z.iso.datetime() }),
  subject: (payload) => `store-sweep:${payload.slot}`,
});
export const storeSwept = defineEvent('store.swept', {
  payload: z.object({ slot: z.iso.datetime(), looked: z.int(), orphans: z.int(), unfinished: z.int() }),
  subject: () => STORE_SWEEP_SUBJECT,
  terminal: true,
});
