/**
 * BookEnricher without any server: describes a text by itself (describe-text.ts), in a child process at a low priority.
 * In the process that asks, nothing is held up: a purchase never waits for a description.
 */
import { z } from 'zod';
import { describingPlaces, runInChild } from '../../child-processes/index.ts';
import {
  AiOutputInvalidError,
  AiUnavailableError,
  GRADE_MAX,
  READING_BANDS,
  SUMMARY_LENGTH_MAX,
  TAG_COUNT_MAX,
  TAG_LENGTH_MAX,
} from './enricher.ts';
import type { BookEnricher, EnrichRequest } from './enricher.ts';

const PROGRAM = new URL('local-main.ts', import.meta.url);
/** Above what any text needs: half a second of an idle core, and less than 200 MB with the model of English. */
const LIMITS = { timeoutMs: 30_000, memoryMbMax: 512 };

const descriptionSchema = z.object({
  summary: z.string().max(SUMMARY_LENGTH_MAX).nullable(),
  tags: z.array(z.string().max(TAG_LENGTH_MAX)).max(TAG_COUNT_MAX),
  readingLevel: z.object({ band: z.enum(READING_BANDS), grade: z.int().min(1).max(GRADE_MAX) }).nullable(),
});

export function createLocalEnricher(): BookEnricher {
  return {
    enrich: async (request) => ({
      ...(await describe(request)),
      provenance: {
        provider: 'local',
        model: 'extractive',
        promptVersion: 'extractive-1',
        tokensIn: 0,
        tokensOut: 0,
        costMicros: 0,
      },
    }),
    checkHealth: () => Promise.resolve(),
  };
}

async function describe({ text, language, signal }: EnrichRequest): Promise<z.infer<typeof descriptionSchema>> {
  const run = () => runInChild({ text, language }, { ...LIMITS, program: PROGRAM, signal });
  const ended = await describingPlaces.take(run, signal).catch((cause: unknown) => {
    throw new AiUnavailableError('The description could not be begun, or was not waited for any longer.', { cause });
  });
  if (ended.outcome !== 'DONE') throw new AiUnavailableError(`The text could not be described: ${ended.detail}`);
  const parsed = descriptionSchema.safeParse(ended.value);
  if (!parsed.success)
    throw new AiOutputInvalidError('The description is not as it should be.', { cause: parsed.error });
  return parsed.data;
}
