/**
 * A storm of webhooks: each event of a provider is sent ten times, the first before the call that caused it is answered,
 * the others shuffled among all that wait; some copies are stale, and forged ones are mixed in.
 */
import { randomUUID } from 'node:crypto';
import { sendWebhook } from '../../ports/payments/stripe/server.ts';
import type { StripeEvent } from '../../ports/payments/stripe/world.ts';
import type { Random } from './random.ts';
import { pause } from './wait.ts';

const COPIES = 10;
const AT_ONCE = 8;
const STALE_RATE = 0.1;
const FORGED_RATE = 0.2;
const STALE_SECONDS = 3_600;
const LOOK_EVERY_MS = 5;

interface Parcel {
  readonly event: StripeEvent;
  readonly kind: 'GENUINE' | 'STALE' | 'FORGED';
}

export interface WebhookStorm {
  /** Copies of it are sent from now on. */
  add(event: StripeEvent): void;
  /** Sends until nothing is left. */
  settle(): Promise<void>;
  stop(): Promise<void>;
  readonly sent: Record<Parcel['kind'], number>;
  /** Answers that should not have been given, in words. */
  readonly wrongAnswers: string[];
  readonly forgedIds: ReadonlySet<string>;
  readonly genuineIds: ReadonlySet<string>;
}

export function startStorm(url: string, secret: string, random: Random): WebhookStorm {
  const waiting: Parcel[] = [];
  const sent = { GENUINE: 0, STALE: 0, FORGED: 0 };
  const wrongAnswers: string[] = [];
  const forgedIds = new Set<string>();
  const genuineIds = new Set<string>();
  const stopping = new AbortController();
  const underway = new Set<Parcel>();

  async function send({ event, kind }: Parcel): Promise<void> {
    const at = kind === 'STALE' ? Math.floor(Date.now() / 1_000) - STALE_SECONDS : undefined;
    const answer = await sendWebhook(url, event, kind === 'FORGED' ? 'whsec_guessed_by_somebody' : secret, at);
    await answer.arrayBuffer();
    sent[kind] += 1;
    const isRight = kind === 'GENUINE' ? answer.status === 200 : answer.status === 400;
    if (!isRight) wrongAnswers.push(`${kind} ${event.type} was answered ${answer.status}`);
  }

  async function carry(): Promise<void> {
    while (!stopping.signal.aborted) {
      const [parcel] = waiting.length === 0 ? [] : waiting.splice(random.whole(0, waiting.length - 1), 1);
      if (!parcel) {
        await pause(LOOK_EVERY_MS);
        continue;
      }
      underway.add(parcel);
      await send(parcel)
        .catch((error: unknown) => wrongAnswers.push(`${parcel.event.type} could not be sent: ${String(error)}`))
        .finally(() => underway.delete(parcel));
    }
  }
  const carriers = Array.from({ length: AT_ONCE }, carry);

  return {
    sent,
    wrongAnswers,
    forgedIds,
    genuineIds,
    add(event) {
      genuineIds.add(event.id);
      for (let copy = 1; copy < COPIES; copy += 1) {
        waiting.push({ event, kind: random.next() < STALE_RATE ? 'STALE' : 'GENUINE' });
        if (random.next() >= FORGED_RATE) continue;
        // Says that the money was taken, of a payment that may never be paid.
        const forged = { ...event, id: `evt_forged_${randomUUID()}`, type: 'payment_intent.succeeded' };
        forgedIds.add(forged.id);
        waiting.push({ event: forged, kind: 'FORGED' });
      }
    },
    async settle() {
      while (waiting.length + underway.size > 0) await pause(LOOK_EVERY_MS);
    },
    async stop() {
      stopping.abort();
      await Promise.all(carriers);
    },
  };
}
