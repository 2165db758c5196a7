/**
 * Readers of live status by the thousand, in processes of their own, so that the server's work is not theirs.
 *
 *     const readers = context.keep(await startReaders());
 *     await readers.open(shoppers, { url, protocol: 'SSE' });
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Command, type Latency, type ReaderReport, type Told, toldSchema } from './protocol.ts';
import type { Shopper } from './shoppers.ts';

export const ORDER_STATUS =
  'subscription ($id: ID!, $after: Int) { orderStatus(orderId: $id, after: $after) { seq at status reason } }';
const processPath = fileURLToPath(new URL('reader-process.ts', import.meta.url));
/** Openings under way at once, per process. */
const AT_ONCE = 32;

export interface OpenHow {
  readonly url: string;
  readonly protocol: 'SSE' | 'WS';
  /** Where a reader goes on. (Default: it begins with the present state) */
  readonly after?: (shopper: Shopper) => number;
}

export interface Readers {
  /**
   * Opens a reader for each, named by the order's subject; one of that name that was there before is forgotten.
   * Resolves when all have their first update, or ended.
   */
  open(shoppers: readonly Shopper[], how: OpenHow): Promise<void>;
  /** Stops reading from the network without closing. */
  pause(shoppers: readonly Shopper[]): Promise<void>;
  resume(shoppers: readonly Shopper[]): Promise<void>;
  /** What each has seen so far, and the latencies since the last report. */
  report(): Promise<{ readers: ReaderReport[]; latenciesMs: Latency[] }>;
  close(shoppers: readonly Shopper[]): Promise<void>;
  stop(): Promise<void>;
}

/** @param count processes */
export async function startReaders(count = 1): Promise<Readers> {
  const children = Array.from({ length: count }, () => fork(processPath, { serialization: 'advanced' }));
  const told = async (index: number, command: Command): Promise<Told> => {
    const child = children[index];
    if (!child) throw new RangeError(`there is no reader process ${index}`);
    const answer = once(child, 'message');
    child.send(command);
    const [message] = await answer;
    return toldSchema.parse(message);
  };
  const tellAll = (make: (index: number) => Command) =>
    Promise.all(children.map((_, index) => told(index, make(index))));
  const namesOf = (shoppers: readonly Shopper[]) => shoppers.map(({ subject }) => subject);
  return {
    open: async (shoppers, { url, protocol, after }) => {
      const openings = shoppers.map((shopper) => ({
        name: shopper.subject,
        url,
        protocol,
        query: ORDER_STATUS,
        token: shopper.token,
        id: shopper.id,
        after: after?.(shopper) ?? null,
      }));
      await tellAll((index) => ({
        act: 'open',
        openings: openings.filter((_, at) => at % count === index),
        atOnce: AT_ONCE,
      }));
    },
    pause: async (shoppers) => void (await tellAll(() => ({ act: 'pause', names: namesOf(shoppers) }))),
    resume: async (shoppers) => void (await tellAll(() => ({ act: 'resume', names: namesOf(shoppers) }))),
    close: async (shoppers) => void (await tellAll(() => ({ act: 'close', names: namesOf(shoppers) }))),
    report: async () => {
      const answers = await tellAll(() => ({ act: 'report' }));
      const reports = answers.flatMap((answer) => (answer.told === 'report' ? [answer] : []));
      return {
        readers: reports.flatMap(({ readers }) => readers),
        latenciesMs: reports.flatMap(({ latenciesMs }) => latenciesMs),
      };
    },
    stop: async () => {
      const ends = children
        .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
        .map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}
