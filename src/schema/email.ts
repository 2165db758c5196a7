/** An e-mail address, in small letters, as accounts and claims have it. */
import { z } from 'zod';

export const emailSchema = z
  .string()
  .transform((email) => email.trim().toLowerCase())
  .pipe(z.email('This is not an e-mail address.').max(254, 'An e-mail address has 254 characters at most.'));
