/** What an answer of `npm audit signatures --json` means. */
import { z } from 'zod';

const packages = z.array(z.looseObject({ name: z.string(), version: z.string() }));
const answerSchema = z.object({ invalid: packages, missing: packages });

export function verdictOf(output: string, complaints: string): { hasFault: boolean; words: string } {
  const answer = answerSchema.safeParse(parse(output)).data;
  if (!answer) {
    const why = /(?:ENOTFOUND|ECONN\w+|ETIMEDOUT|EAI_AGAIN|E\d{3}|network|fetch failed)[^"\n]*/.exec(
      complaints + output,
    )?.[0];
    const reason = (why ?? 'no answer that can be read').slice(0, 160);
    return { hasFault: false, words: `NOT ASKED: the registry's keys could not be reached (${reason}).` };
  }
  const told = [
    ...answer.invalid.map(({ name, version }) => `${name}@${version}: its signature is wrong`),
    ...answer.missing.map(({ name, version }) => `${name}@${version}: its signature is missing`),
  ];
  if (told.length > 0) return { hasFault: true, words: told.join('\n') };
  return { hasFault: false, words: 'Every package is as its publisher signed it.' };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
