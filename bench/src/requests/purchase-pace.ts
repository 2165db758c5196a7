/**
 * Purchases at a steady rate through the whole stack: a GraphQL mutation in, and a GraphQL subscription by server-sent
 * events until COMPLETED comes out. Time runs from the sending of the mutation to the arrival of that event.
 */
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { OrderSource } from './order-load.ts';

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
}

export interface PaceResult {
  /** Milliseconds, of each purchase that completed. */
  readonly latenciesMs: readonly number[];
  /** Milliseconds until the mutation was answered. */
  readonly acceptedMs: readonly number[];
  /** Purchases that did not complete within the time limit, or were refused. */
  readonly missing: number;
}

const SUBSCRIPTION = 'subscription Watch($id: ID!) { orderStatus(orderId: $id) { seq status } }';
const COMPLETED_TIMEOUT_MS = 30_000;
const answerSchema = z.object({ data: z.object({ placeOrder: z.object({ order: z.object({ id: z.string() }) }) }) });

export async function keepPace(url: string, orders: OrderSource, { perSecond, seconds }: Pace): Promise<PaceResult> {
  const agent = new Agent({ keepAlive: true });
  const startedAt = performance.now();
  const purchases: Promise<{ acceptedMs: number; latencyMs: number }>[] = [];
  for (let at = 0; at < perSecond * seconds; at++) {
    const dueMs = startedAt + (at / perSecond) * 1_000 - performance.now();
    if (dueMs > 0) await delay(dueMs);
    const purchase = buy(url, agent, orders.next());
    purchase.catch(() => {});
    purchases.push(purchase);
  }
  const settled = await Promise.allSettled(purchases);
  agent.destroy();
  const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return {
    latenciesMs: done.map(({ latencyMs }) => latencyMs),
    acceptedMs: done.map(({ acceptedMs }) => acceptedMs),
    missing: settled.length - done.length,
  };
}

async function buy(url: string, agent: Agent, { body, token }: { body: string; token: string }) {
  const sentAt = performance.now();
  const accepted = await post(url, agent, { body, token, accept: 'application/json' }, () => false);
  const { order } = answerSchema.parse(JSON.parse(accepted)).data.placeOrder;
  const acceptedMs = performance.now() - sentAt;
  const watch = JSON.stringify({ query: SUBSCRIPTION, variables: { id: order.id } });
  const events = await post(url, agent, { body: watch, token, accept: 'text/event-stream' }, isCompleted);
  if (!isCompleted(events)) throw new Error(`an order did not complete: ${events.slice(-300)}`);
  return { acceptedMs, latencyMs: performance.now() - sentAt };
}

const isCompleted = (events: string): boolean => events.includes('"status":"COMPLETED"');

/** @returns the answer, or as much of it as made `isEnough` true */
async function post(
  url: string,
  agent: Agent,
  { body, token, accept }: { body: string; token: string; accept: string },
  isEnough: (text: string) => boolean,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'content-type': 'application/json', accept, authorization: `Bearer ${token}` };
  const asking = request(url, { method: 'POST', agent, headers, timeout: COMPLETED_TIMEOUT_MS }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (!isEnough(text)) return;
      resolve(text);
      asking.destroy();
    });
    response.on('end', () => resolve(text));
    response.on('error', reject);
  });
  asking.on('timeout', () => asking.destroy(new Error('no answer in time')));
  asking.on('error', reject);
  asking.end(body);
  return promise;
}
