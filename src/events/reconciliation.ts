/** What happens when the provider's books are compared with ours. */
import { z } from 'zod';
import { defineEvent } from '../streams/event.ts';

const night = z.object({ slot: z.iso.datetime() });
const subject = ({ slot }: { slot: string }) => `reconciliation:${slot}`;

export const reconciliationDue = defineEvent('reconciliation.due', { payload: night, subject });
/** The provider's books were read to their end. */
export const movementsRead = defineEvent('movements.read', { payload: night, subject });
/** How many differences were not known before. */
export const booksCompared = defineEvent('books.compared', {
  payload: night.extend({ found: z.int() }),
  subject,
  terminal: true,
});
