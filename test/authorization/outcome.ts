/** What a caller got of a field, in one word. */
import { z } from 'zod';

/** A typed error of a mutation is told by its own code beside these, such as NOT_FOUND. */
export const OUTCOMES = {
  ALLOWED: 'it was given, or done',
  DENIED: 'refused by an error: sign in, or you may not',
  NULL: 'null, as if it did not exist',
  EMPTY: 'a list of nothing: there is nothing of the caller’s own',
  HIDDEN: 'what holds it was not given',
  NOT_FOUND: 'a typed error: it does not exist, or it is not yours',
} as const;

export const answerSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])).optional(),
        extensions: z.object({ code: z.string() }),
      }),
    )
    .optional(),
});
export type Answer = z.infer<typeof answerSchema>;

const REFUSALS = new Set(['UNAUTHENTICATED', 'FORBIDDEN']);

/** The answer says nothing about rights: the question was wrong, or the program is. */
export class UnclearAnswer extends Error {
  override readonly name = 'UnclearAnswer';
}

/** @param path from the root on, without the indexes of lists: of those the first is taken */
export function outcomeOf(answer: Answer, path: readonly string[]): string {
  for (const { path: at, extensions, message } of answer.errors ?? []) {
    const names = (at ?? []).filter((part) => typeof part === 'string');
    // An error below what is asked for is about that, unless what is asked for is all there is to ask.
    const isAbove = names.every((name, index) => path[index] === name);
    const isOfLeaf = path.length > 1 && path.every((name, index) => names[index] === name);
    if (!isAbove && !isOfLeaf) continue;
    if (REFUSALS.has(extensions.code))
      return names.length < path.length ? (names.length === 0 ? 'DENIED' : 'HIDDEN') : 'DENIED';
    if (extensions.code === 'NOT_FOUND') return 'NOT_FOUND';
    throw new UnclearAnswer(`${path.join('.')}: ${extensions.code} ${message}`);
  }
  return outcomeOfValue(answer.data ?? null, path);
}

function outcomeOfValue(data: unknown, path: readonly string[]): string {
  let value = data;
  for (const name of path) {
    if (Array.isArray(value)) value = value[0];
    if (!isRecord(value)) return 'HIDDEN';
    const refusal = refusalIn(value);
    if (refusal) return 'HIDDEN';
    value = value[name];
  }
  if (value === null || value === undefined) return 'NULL';
  if (Array.isArray(value)) return value.length === 0 ? 'EMPTY' : 'ALLOWED';
  if (!isRecord(value)) return 'ALLOWED';
  const refusal = refusalIn(value);
  if (refusal === 'VALIDATION')
    throw new UnclearAnswer(`${path.join('.')}: the input is not sound: ${JSON.stringify(value)}`);
  if (refusal) return refusal;
  return Array.isArray(value['nodes']) && value['nodes'].length === 0 ? 'EMPTY' : 'ALLOWED';
}

/** The code of a typed error, which a mutation gives in the place of its payload. */
const refusalIn = (value: Record<string, unknown>): string | null =>
  typeof value['refusal'] === 'string' ? value['refusal'] : null;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
