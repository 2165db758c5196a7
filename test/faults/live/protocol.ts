/** What the parent of reader processes says to them (readers.ts), and what they answer (reader-process.ts). */
import { z } from 'zod';

const openingSchema = z.object({
  /** Unique among all readers. */
  name: z.string(),
  url: z.string(),
  protocol: z.enum(['SSE', 'WS']),
  query: z.string(),
  token: z.string(),
  /** The variable `$id`. */
  id: z.string(),
  /** The variable `$after`: resume behind this seq. */
  after: z.int().nullable(),
});
export type Opening = z.infer<typeof openingSchema>;

const names = z.array(z.string());
export const commandSchema = z.discriminatedUnion('act', [
  z.object({ act: z.literal('open'), openings: z.array(openingSchema), atOnce: z.int() }),
  z.object({ act: z.literal('pause'), names }),
  z.object({ act: z.literal('resume'), names }),
  z.object({ act: z.literal('report') }),
  z.object({ act: z.literal('close'), names }),
]);
export type Command = z.infer<typeof commandSchema>;

const reportSchema = z.object({
  name: z.string(),
  /** The seq of the first update: the present state when it was opened. */
  first: z.int(),
  last: z.int(),
  count: z.int(),
  /** Updates whose seq was not one more than the one before. */
  outOfTurn: z.int(),
  ended: z.boolean(),
  /** What came instead of an update. */
  fault: z.string().nullable(),
});
export type ReaderReport = z.infer<typeof reportSchema>;

const latencySchema = z.object({ name: z.string(), ms: z.number() });
export type Latency = z.infer<typeof latencySchema>;

export const toldSchema = z.discriminatedUnion('told', [
  z.object({ told: z.literal('done') }),
  /** Latencies since the last report, of all readers of the process. */
  z.object({ told: z.literal('report'), readers: z.array(reportSchema), latenciesMs: z.array(latencySchema) }),
]);
export type Told = z.infer<typeof toldSchema>;
