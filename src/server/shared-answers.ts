/**
 * Shared answers: what a query was answered, made for nobody in particular and kept as bytes for a moment.
 *
 * Promise: an answer is at most `keptMs` old, and gone as soon as this process has committed anything; only answers
 * without errors are kept, and only those that were made without an account are ever given: to requests without one, and
 * to others if the document has the same answer for all (../schema/same-for-all.ts); so that nobody is shown what is
 * another's. Whoever is given one pays its cost like the first; too many of the same at once are one execution. Limits:
 * 1,000 answers, 16 MiB in all.
 */
import type { ExecutionResult } from 'graphql';
import type { Budget } from './budget.ts';

const ANSWERS_MAX = 1_000;
const CHARS_MAX = 16 * 1_024 * 1_024;
const ANSWER_CHARS_MAX = 512 * 1_024;

interface Kept {
  text: string;
  cost: number;
  isForAll: boolean;
  /** By the process's own clock, in ms. */
  endsAtMs: number;
}

/** How an answer is made that is given to others. */
export interface Shared {
  run: () => Promise<ExecutionResult>;
  /** Also to those with an account. */
  isForAll: boolean;
}

export interface SharedAnswersOptions {
  /** 0 keeps nothing. */
  keptMs: number;
  budget: Budget;
}

export class SharedAnswers {
  readonly #options: SharedAnswersOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #running = new Map<string, Promise<Kept | null>>();
  #chars = 0;

  constructor(options: SharedAnswersOptions) {
    this.#options = options;
  }

  /** Whether any are kept. */
  get isOn(): boolean {
    return this.#options.keptMs > 0;
  }

  /** Whether the same request was answered a moment ago, the same for all. */
  hasForAll(request: string): boolean {
    return this.#fresh(request)?.isForAll === true;
  }

  /** What the same request was answered a moment ago; null when there is none, or when `payer` has spent too much. */
  find(request: string, payer: string): string | null | Promise<string | null> {
    const kept = this.#fresh(request);
    if (!kept) return null;
    const waitMs = this.#options.budget.spend(payer, kept.cost);
    if (typeof waitMs !== 'number') return waitMs.then((ms) => (ms === 0 ? kept.text : null));
    return waitMs === 0 ? kept.text : null;
  }

  /**
   * @param request all that the answer depends on: the body as it was posted
   * @param shared.run makes the answer as for nobody, and spends what it costs
   */
  async make(request: string, payer: string, shared: Shared): Promise<ExecutionResult | string> {
    const { budget } = this.#options;
    const running = this.#running.get(request);
    const made = running && (await running);
    if (made && (await budget.spend(payer, made.cost)) === 0) return made.text;
    return this.#make(request, shared);
  }

  /** Something was committed. What is being made may have been read before it, so it is not kept either. */
  forget(): void {
    this.#kept.clear();
    this.#running.clear();
    this.#chars = 0;
  }

  #fresh(request: string): Kept | undefined {
    const kept = this.#kept.get(request);
    if (!kept || kept.endsAtMs > performance.now()) return kept;
    this.#drop(request, kept);
    return undefined;
  }

  async #make(request: string, { run, isForAll }: Shared): Promise<ExecutionResult | string> {
    const startedAtMs = performance.now();
    const { promise, resolve } = Promise.withResolvers<Kept | null>();
    if (!this.#running.has(request)) this.#running.set(request, promise);
    let kept: Kept | null = null;
    try {
      const result = await run();
      const text = result.errors ? null : JSON.stringify(result);
      if (text === null) return result;
      kept = { text, cost: costIn(result), isForAll, endsAtMs: startedAtMs + this.#options.keptMs };
      if (this.#running.get(request) === promise) this.#keep(request, kept);
      return text;
    } finally {
      if (this.#running.get(request) === promise) this.#running.delete(request);
      resolve(kept);
    }
  }

  #keep(request: string, kept: Kept): void {
    const before = this.#kept.get(request);
    if (before) this.#drop(request, before);
    if (request.length + kept.text.length > ANSWER_CHARS_MAX) return;
    this.#kept.set(request, kept);
    this.#chars += request.length + kept.text.length;
    for (const [oldest, old] of this.#kept) {
      if (this.#kept.size <= ANSWERS_MAX && this.#chars <= CHARS_MAX) break;
      this.#drop(oldest, old);
    }
  }

  #drop(request: string, kept: Kept): void {
    this.#kept.delete(request);
    this.#chars -= request.length + kept.text.length;
  }
}

function costIn({ extensions }: ExecutionResult): number {
  const cost: unknown = extensions?.['cost'];
  return typeof cost === 'object' && cost !== null && 'requested' in cost ? Number(cost.requested) : 0;
}
