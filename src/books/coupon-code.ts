/** How the code of a coupon is written: capital letters, digits and hyphens, whatever the buyer typed. */
import { z } from 'zod';

export const couponCodeSchema = z
  .string()
  .transform((code) => code.trim().toUpperCase())
  .pipe(z.string().regex(/^[A-Z0-9][A-Z0-9-]{2,39}$/, 'A coupon has 3 to 40 letters, digits and hyphens.'));
