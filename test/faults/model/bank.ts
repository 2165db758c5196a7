/**
 * Bank: the sandbox gateway's own rules and books behind a network that loses requests and answers, or delivers a
 * request long after its caller has given up.
 */
import { answerOf, stateOf } from '../../../src/ports/payments/sandbox/answers.ts';
import { type BankRequest, judge } from '../../../src/ports/payments/sandbox/bank.ts';
import { Books, paymentEntry } from '../../../src/ports/payments/sandbox/books.ts';
import {
  authorizeAnswerSchema,
  captureAnswerSchema,
  refundAnswerSchema,
  voidAnswerSchema,
} from '../../../src/ports/payments/sandbox/wire.ts';
import {
  GatewayRejectedRequestError,
  GatewayTimeoutError,
  GatewayUnavailableError,
  type PaymentGateway,
} from '../../../src/ports/payments/gateway.ts';
import type { Chance, Scheduler } from './scheduler.ts';

export interface Mood {
  readonly late: number;
  readonly refusing: number;
}

const URL_OF_PAGES = 'http://bank';
const AT = '2026-01-01T00:00:00.000Z';

export class Bank {
  readonly books = new Books();
  /** Requests that were sent by callers who no longer wait. */
  #underway: BankRequest[] = [];
  #ids = 0;
  readonly #scheduler: Scheduler;
  readonly #mood: Mood;

  /** @param mood how many of ten requests come late, and how many captures of ten are turned away for good */
  constructor(scheduler: Scheduler, mood: Mood) {
    this.#scheduler = scheduler;
    this.#mood = mood;
  }

  get underway(): number {
    return this.#underway.length;
  }

  /** A late request arrives after all. */
  land(index: number): void {
    const [request] = this.#underway.splice(index % this.#underway.length, 1);
    if (request) this.#judge(request);
  }

  /** A buyer answers the bank. @returns false when nobody is asked */
  decide(approved: boolean): boolean {
    const asked = [...this.books.authorizations.values()].find((one) => one.state === 'REQUIRES_ACTION');
    if (!asked) return false;
    this.books.apply({ type: 'decision', at: AT, authorizationRef: asked.authorizationRef, approved });
    return true;
  }

  /** The gateway as one process sees it. */
  client(process: string): PaymentGateway {
    const send = (request: BankRequest) => this.#send(process, request);
    return {
      authorize: async (request) =>
        authorizeAnswerSchema.parse(await send({ operation: 'authorize', ...asSent(request) })),
      capture: async (request) => captureAnswerSchema.parse(await send({ operation: 'capture', ...asSent(request) })),
      void: async (request) => voidAnswerSchema.parse(await send({ operation: 'void', ...asSent(request) })),
      refund: async (request) => refundAnswerSchema.parse(await send({ operation: 'refund', ...asSent(request) })),
      lookup: async (request) => {
        const chance = await this.#scheduler.point(process, 'lookup');
        if (!chance.calm && chance.number % 10 === 0) throw new GatewayTimeoutError('no answer');
        const ref =
          request.authorizationRef ?? paymentEntry(this.books, request.idempotencyKey ?? '')?.authorizationRef ?? '';
        const authorization = this.books.authorizations.get(ref);
        return authorization ? stateOf(authorization, URL_OF_PAGES) : { kind: 'NOT_FOUND' };
      },
      checkHealth: async () => {},
    };
  }

  async #send(process: string, request: BankRequest): Promise<unknown> {
    const chance = await this.#scheduler.point(process, request.operation, (death: Chance) => {
      if (death.number % 2 === 0) this.#underway.push(request);
    });
    if (chance.calm) return this.#judge(request);
    const { late, refusing } = this.#mood;
    if ((chance.number >>> 8) % 10 < late) {
      this.#underway.push(request);
      throw new GatewayTimeoutError('the request is late');
    }
    // A capture that will never be accepted, while an earlier one may still be under way.
    if (request.operation === 'capture' && (chance.number >>> 12) % 10 < refusing) {
      throw new GatewayRejectedRequestError('no such merchant today');
    }
    if (chance.number % 10 === 0) throw new GatewayUnavailableError('no connection');
    const answer = this.#judge(request);
    if (chance.number % 10 === 1) throw new GatewayTimeoutError('the answer was lost');
    return answer;
  }

  #judge(request: BankRequest): unknown {
    this.#ids += 1;
    const judgement = judge(this.books, request, { at: AT, id: `${this.#ids}` });
    switch (judgement.kind) {
      case 'BOOK':
        this.books.apply(judgement.entry);
        return answerOf(judgement.entry, URL_OF_PAGES);
      case 'REPEAT':
        return answerOf(judgement.entry, URL_OF_PAGES);
      case 'NOT_YET':
        return { kind: 'REFUSED', reasonCode: judgement.reasonCode, message: judgement.message };
      case 'CONFLICT':
      case 'UNKNOWN':
        throw new GatewayRejectedRequestError(judgement.message);
    }
  }
}

/** What goes over the wire: all but what is the caller's own. */
function asSent<Request extends { signal?: AbortSignal | undefined; keyStoredAt?: Date | undefined }>(
  request: Request,
): Omit<Request, 'signal' | 'keyStoredAt'> {
  const { signal, keyStoredAt, ...sent } = request;
  void signal;
  void keyStoredAt;
  return sent;
}
