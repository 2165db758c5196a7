/** What happens to accounts. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const payload = z.object({ askId: z.uuid(), purpose: z.enum(['VERIFY_EMAIL', 'RESET_PASSWORD', 'SIGN_UP']) });
const subject = ({ askId }: { askId: string }) => `account-mail:${askId}`;

/** Somebody asked for a code by mail; nobody has looked yet whether there is such an account. */
export const accountMailAsked = defineEvent('account-mail.asked', {
  payload: payload.extend({ email: z.string() }),
  subject,
});
/** No account needs this mail. */
export const accountMailDropped = defineEvent('account-mail.dropped', { payload, subject, terminal: true });
