/**
 * The AI port: suggestions about a book, made from its text.
 *
 * Promise of every adapter: the answer keeps within the limits below whatever the text says; it says who made it; what an
 * adapter cannot tell is null, never a guess. The text is material, never an instruction.
 * Not here: retries, storing suggestions, showing them to the author.
 */

export const SUMMARY_LENGTH_MAX = 1_200;
export const TAG_COUNT_MAX = 12;
export const TAG_LENGTH_MAX = 40;
export const GRADE_MAX = 18;

export const READING_BANDS = ['CHILDREN', 'YOUNG_ADULT', 'GENERAL', 'ADVANCED'] as const;
export type ReadingBand = (typeof READING_BANDS)[number];

export interface EnrichRequest {
  readonly title: string;
  /** BCP 47 tag of the text. */
  readonly language: string;
  /** Plain text; paragraphs apart by a blank line, or by a line break if there is no blank line. */
  readonly text: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Enrichment {
  /** Plain text of at most 1200 characters. */
  readonly summary: string | null;
  /** At most 12, each of 2 to 40 letters, digits, blanks, `-`, `'`, `&` and `+`, in lower case. */
  readonly tags: readonly string[];
  /** How hard the language is, not whom the content suits. `grade`: school years, 1 to 18. */
  readonly readingLevel: { readonly band: ReadingBand; readonly grade: number } | null;
  readonly provenance: {
    readonly provider: string;
    readonly model: string;
    readonly promptVersion: string;
    readonly tokensIn: number;
    readonly tokensOut: number;
    /** Millionths of the price list's currency; null when no price is known. */
    readonly costMicros: number | null;
    /** Absent where the same text always gives the same answer. */
    readonly generatedAt?: string;
  };
}

export interface BookEnricher {
  /** @throws AiError */
  enrich(request: EnrichRequest): Promise<Enrichment>;
  /** Resolves when an answer could be had now; else throws AiError. */
  checkHealth(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
}

/** What may be spent. Kept by the caller, so that it holds over restarts and for all processes together. */
export interface AiBudget {
  /** Asks for the most that one call can use, before it. */
  reserve(request: {
    readonly tokens: number;
    readonly costMicros: number | null;
  }): Promise<
    | { readonly kind: 'GRANTED'; readonly reservationId: string }
    | { readonly kind: 'REFUSED'; readonly retryAfterMs: number }
  >;
  /** Says what the call really used, after it; for a call whose answer never came, all that was reserved. */
  settle(reservationId: string, used: { readonly tokens: number; readonly costMicros: number | null }): Promise<void>;
}

export abstract class AiError extends Error {
  abstract readonly code:
    | 'AI_UNAVAILABLE'
    | 'AI_BUDGET_EXHAUSTED'
    | 'AI_REQUEST_REJECTED'
    | 'AI_REFUSED'
    | 'AI_OUTPUT_INVALID';
  /** False: the same request will fail again. */
  abstract readonly retryable: boolean;
  /** Not before this long, when known. */
  readonly retryAfterMs: number | undefined;
  constructor(message: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Not reached, too slow, too busy, failing, or resting after failures. */
export class AiUnavailableError extends AiError {
  override readonly name = 'AiUnavailableError';
  readonly code = 'AI_UNAVAILABLE';
  readonly retryable = true;
}

export class AiBudgetExhaustedError extends AiError {
  override readonly name = 'AiBudgetExhaustedError';
  readonly code = 'AI_BUDGET_EXHAUSTED';
  readonly retryable = true;
}

/** Wrong key, model or address: an operator has to mend it. */
export class AiRequestRejectedError extends AiError {
  override readonly name = 'AiRequestRejectedError';
  readonly code = 'AI_REQUEST_REJECTED';
  readonly retryable = false;
}

/** The model declined to describe this text. */
export class AiRefusedError extends AiError {
  override readonly name = 'AiRefusedError';
  readonly code = 'AI_REFUSED';
  readonly retryable = false;
}

/** The answer was not what was asked for. Another try may do better: give it few. */
export class AiOutputInvalidError extends AiError {
  override readonly name = 'AiOutputInvalidError';
  readonly code = 'AI_OUTPUT_INVALID';
  readonly retryable = true;
}
