/**
 * BookEnricher by any server that speaks OpenAI's chat completions, through the `openai` package.
 *
 * A call: breaker closed? → budget reserved → one request, with a time limit and no retries → answer parsed and clamped
 * → budget settled. Retrying is the caller's; AiError says whether it makes sense and how soon.
 */
import OpenAI, { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import {
  AiBudgetExhaustedError,
  AiError,
  AiOutputInvalidError,
  AiRefusedError,
  AiRequestRejectedError,
  AiUnavailableError,
} from './enricher.ts';
import type { AiBudget, BookEnricher, EnrichRequest, Enrichment } from './enricher.ts';
import { withinTime } from '../within-time.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { OUTPUT_JSON_SCHEMA, readOutput } from './output.ts';
import { PROMPT_VERSION, promptFor } from './prompt.ts';
import type { PromptMessage } from './prompt.ts';

export interface OpenAiEnricherOptions {
  readonly apiKey: string;
  /** (Default: https://api.openai.com/v1) */
  readonly baseUrl?: string | undefined;
  readonly model: string;
  readonly budget: AiBudget;
  /** What a million tokens cost, in millionths of a currency. (Default: unknown) */
  readonly price?: { readonly inMicrosPerMillion: number; readonly outMicrosPerMillion: number } | undefined;
  /** For a whole call. (Default: 60000) */
  readonly timeoutMs?: number | undefined;
  /** Of the book. (Default: 48000) */
  readonly textCharsMax?: number | undefined;
  /** (Default: 2000) */
  readonly tokensOutMax?: number | undefined;
  /** Failures in a row until it rests, and for how long. (Default: 5, 60000) */
  readonly breaker?: { readonly failuresMax: number; readonly openMs: number } | undefined;
  /** In ms since 1970. */
  readonly now?: (() => number) | undefined;
}

const ANSWER_SIZE_BYTES_MAX = 1024 * 1024;
const TOKENS_OF_FRAME = 400;

interface Usage {
  readonly tokensIn: number;
  readonly tokensOut: number;
}

export function createOpenAiEnricher(options: OpenAiEnricherOptions): BookEnricher {
  const { model, budget, timeoutMs = 60_000, textCharsMax = 48_000, tokensOutMax = 2_000, now = Date.now } = options;
  const client = new OpenAI({
    apiKey: options.apiKey,
    baseURL: options.baseUrl ?? 'https://api.openai.com/v1',
    maxRetries: 0,
    timeout: timeoutMs,
    logLevel: 'off',
    fetch: cappedFetch,
  });
  const breaker = createCircuitBreaker({ ...(options.breaker ?? { failuresMax: 5, openMs: 60_000 }), now });
  const provider = new URL(client.baseURL).host;

  function costMicros(usage: Usage): number | null {
    if (options.price === undefined) return null;
    const { inMicrosPerMillion, outMicrosPerMillion } = options.price;
    return Math.ceil((usage.tokensIn * inMicrosPerMillion + usage.tokensOut * outMicrosPerMillion) / 1_000_000);
  }

  function refuseWhileResting(): void {
    const retryAfterMs = breaker.restMs();
    if (retryAfterMs === 0) return;
    throw new AiUnavailableError('The AI server failed several times in a row and is left alone for a while.', {
      retryAfterMs,
    });
  }

  /** @throws AiError; `usage` is what the call used, also when its answer is no good */
  async function ask(
    messages: PromptMessage[],
    signal: AbortSignal | undefined,
  ): Promise<{ usage: Usage; read: () => Pick<Enrichment, 'summary' | 'tags' | 'readingLevel'> }> {
    let completion: OpenAI.ChatCompletion;
    try {
      completion = await withinTime({ timeoutMs, signal }, (ends) =>
        client.chat.completions.create(
          {
            model,
            messages,
            max_completion_tokens: tokensOutMax,
            response_format: {
              type: 'json_schema',
              json_schema: { name: 'book_description', strict: true, schema: OUTPUT_JSON_SCHEMA },
            },
          },
          { signal: ends },
        ),
      );
    } catch (error) {
      throw aiError(error, timeoutMs);
    }
    // A compatible server may leave out what OpenAI's types promise.
    const usage: Partial<OpenAI.CompletionUsage> = completion.usage ?? {};
    return {
      usage: {
        tokensIn: usage.prompt_tokens ?? tokensAtMost(messages),
        tokensOut: usage.completion_tokens ?? tokensOutMax,
      },
      read: () => readOutput(contentOf(completion)),
    };
  }

  return {
    async enrich(request: EnrichRequest) {
      refuseWhileResting();
      const messages = promptFor(request, textCharsMax);
      const most: Usage = { tokensIn: tokensAtMost(messages), tokensOut: tokensOutMax };
      const reservation = await budget.reserve({
        tokens: most.tokensIn + most.tokensOut,
        costMicros: costMicros(most),
      });
      if (reservation.kind === 'REFUSED') {
        const { retryAfterMs } = reservation;
        throw new AiBudgetExhaustedError('The AI budget is used up for now.', { retryAfterMs });
      }
      let used: Usage = { tokensIn: 0, tokensOut: 0 };
      try {
        refuseWhileResting();
        const answer = await breaker.run(
          () => ask(messages, request.signal),
          (error) => error instanceof AiUnavailableError && request.signal?.aborted !== true,
        );
        used = answer.usage;
        return {
          ...answer.read(),
          provenance: {
            provider,
            model,
            promptVersion: PROMPT_VERSION,
            ...used,
            costMicros: costMicros(used),
            generatedAt: new Date(now()).toISOString(),
          },
        };
      } catch (error) {
        if (error instanceof AiUnavailableError && isOutcomeUnknown(error)) used = most;
        throw error;
      } finally {
        await budget.settle(reservation.reservationId, {
          tokens: used.tokensIn + used.tokensOut,
          costMicros: costMicros(used),
        });
      }
    },
    async checkHealth(health) {
      refuseWhileResting();
      try {
        await client.models.list(health?.signal === undefined ? {} : { signal: health.signal });
      } catch (error) {
        throw aiError(error, timeoutMs);
      }
    },
  };
}

/** An upper bound without the model's own tokenizer: no common one makes more than a token of two bytes on average. */
function tokensAtMost(messages: readonly PromptMessage[]): number {
  return messages.reduce((sum, { content }) => sum + Math.ceil(Buffer.byteLength(content) / 2), TOKENS_OF_FRAME);
}

function contentOf(completion: OpenAI.ChatCompletion): string {
  // A compatible server may leave out what OpenAI's types promise.
  const choices: OpenAI.ChatCompletion.Choice[] | undefined = completion.choices;
  const choice = choices?.[0];
  if (choice === undefined) throw new AiOutputInvalidError('The AI server answered without any choice.');
  const refusal: string | null | undefined = choice.message?.refusal;
  if (choice.finish_reason === 'content_filter' || (typeof refusal === 'string' && refusal !== '')) {
    throw new AiRefusedError('The model declined to describe this book.');
  }
  if (choice.finish_reason === 'length') {
    throw new AiOutputInvalidError('The answer of the AI server was cut off at its length limit.');
  }
  return choice.message?.content ?? '';
}

function isOutcomeUnknown(error: AiUnavailableError): boolean {
  return error.cause instanceof APIUserAbortError || error.cause instanceof APIConnectionTimeoutError;
}

function aiError(cause: unknown, timeoutMs: number): AiError {
  if (cause instanceof APIUserAbortError || cause instanceof APIConnectionTimeoutError) {
    return new AiUnavailableError(`The AI server gave no answer within ${timeoutMs} ms, or was not waited for.`, {
      cause,
    });
  }
  if (cause instanceof APIError && typeof cause.status === 'number') {
    const { status } = cause;
    if (status >= 500 || status === 429 || status === 408 || status === 409) {
      const retryAfterMs = retryAfterMsOf(cause.headers);
      return new AiUnavailableError(`The AI server is busy or failing (${status}).`, { cause, retryAfterMs });
    }
    return new AiRequestRejectedError(
      `The AI server rejected the request (${status}). Check OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL.`,
      { cause },
    );
  }
  if (cause instanceof APIConnectionError) {
    return new AiUnavailableError('The AI server could not be reached.', { cause });
  }
  return new AiOutputInvalidError('The AI server answered with something that is not JSON.', { cause });
}

function retryAfterMsOf(headers: unknown): number | undefined {
  const seconds = headers instanceof Headers ? Number(headers.get('retry-after') ?? Number.NaN) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 86_400) * 1_000 : undefined;
}

/** fetch that follows no redirects and breaks off an answer that is too long. */
async function cappedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, { ...init, redirect: 'error' });
  if (response.body === null) return response;
  let sizeBytes = 0;
  const capped = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        sizeBytes += part.length;
        if (sizeBytes > ANSWER_SIZE_BYTES_MAX) {
          controller.error(new Error(`The answer is longer than ${ANSWER_SIZE_BYTES_MAX} bytes.`));
        } else controller.enqueue(part);
      },
    }),
  );
  return new Response(capped, { status: response.status, statusText: response.statusText, headers: response.headers });
}
