/**
 * What an answer may not be, whatever was asked: a fault of ours, a word of what lies within, or more than the budget.
 *
 * The budget is judged from outside: the fields that came are counted and compared with the cost that was told.
 */
import { z } from 'zod';
import type { FuzzRequest } from './kinds.ts';
import type { FuzzAnswer } from './sender.ts';

const SLOW_MS = 10_000;

const answerSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.looseObject({ message: z.string(), extensions: z.looseObject({ code: z.string().optional() }).optional() }),
    )
    .optional(),
  extensions: z.looseObject({ cost: z.object({ requested: z.number(), max: z.number() }).optional() }).optional(),
});
type Answer = z.infer<typeof answerSchema>;

/** Words that only stand inside: of any answer, and of an error's words (descriptions in the schema may name PostgreSQL). */
const INSIDE =
  /node_modules|\/src\/|\.ts:\d|\n\s+at \S+ \(|\bECONN[A-Z]+|scrypt|Failed query|\$argon|\bpg_catalog\b|"password"\s*:/;
const INSIDE_ERRORS =
  /\bselect\b.+\bfrom\b|\binsert into\b|syntax error at or near|violates|drizzle|postgres|ioredis|better-auth|pothos|yoga|\bat Object\.|Cannot (?:read|convert|destructure)|is not a function|undefined \(/i;

export interface Verdict {
  readonly faults: readonly string[];
  /** Something of it ran and gave data. */
  readonly hasData: boolean;
  readonly code: string | null;
  readonly cost: number;
}

/** @param secrets what must appear nowhere: passwords, addresses, names of tables, constraints and hosts */
export function judge(request: FuzzRequest, answer: FuzzAnswer, secrets: readonly string[]): Verdict {
  const { status, text, tookMs, isEventStream } = answer;
  const faults: string[] = [];
  if (status >= 500) faults.push(`status ${status}`);
  if (tookMs > SLOW_MS) faults.push(`took ${Math.round(tookMs)} ms`);
  const parsed = isEventStream ? eventsIn(text) : answersIn(text);
  const told = JSON.stringify(parsed.flatMap(({ errors }) => errors ?? []));
  const leak =
    INSIDE.exec(text)?.[0] ?? INSIDE_ERRORS.exec(told)?.[0] ?? secrets.find((secret) => text.includes(secret));
  if (leak !== undefined) faults.push(`tells ${JSON.stringify(leak)}`);
  let hasData = false;
  let cost = 0;
  for (const { data, errors, extensions } of parsed) {
    if (errors?.some((error) => error.extensions?.code === 'INTERNAL')) faults.push('INTERNAL');
    if (!data) continue;
    hasData ||= Object.values(data).some((value) => value !== null);
    const asked = extensions?.cost;
    if (!asked) continue;
    cost = asked.requested;
    if (asked.requested > asked.max) faults.push(`ran at a cost of ${asked.requested} of ${asked.max}`);
    const came = fieldsIn(data);
    if (came > asked.requested) faults.push(`gave ${came} fields for a cost of ${asked.requested}`);
  }
  if (request.mustBeRefused && hasData) faults.push('ran, and should have been refused');
  return { faults, hasData, code: parsed[0]?.errors?.[0]?.extensions?.code ?? null, cost };
}

function answersIn(text: string): Answer[] {
  try {
    return [answerSchema.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}

const eventsIn = (text: string): Answer[] =>
  [...text.matchAll(/^data: ?(\{.*\})$/gm)].flatMap(([, event = '']) => answersIn(event));

/** As the cost counts them: every field of every object, but not what tells of the schema. */
function fieldsIn(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, one: unknown) => sum + fieldsIn(one), 0);
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  for (const [name, inner] of Object.entries(value)) {
    if (!name.startsWith('__')) count += (isTypename(inner) ? 0 : 1) + fieldsIn(inner);
  }
  return count;
}

/** An aliased `__typename` costs nothing and looks like any text: types are the words with a capital. */
const isTypename = (value: unknown): boolean => typeof value === 'string' && /^[A-Z][A-Za-z]+$/.test(value);
