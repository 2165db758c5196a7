/** A finding: one thing that a check has to say of a book, where it is, and how bad. */
import { z } from 'zod';

export const findingSchema = z.object({
  /** Stable, such as `RSC-005` of EPUBCheck or `PRICE_MISSING` of ours. */
  code: z.string(),
  /** Only an ERROR that blocks sends a revision back; see the revision's status. */
  severity: z.enum(['ERROR', 'WARNING', 'INFO']),
  /** Path inside the archive; null when it is about the book or its entry. */
  file: z.string().nullable(),
  line: z.int().nullable(),
  column: z.int().nullable(),
  /** In plain words. */
  message: z.string(),
});

export type Finding = z.output<typeof findingSchema>;
