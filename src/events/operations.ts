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
