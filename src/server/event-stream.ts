/**
 * Server-sent events of a subscription, as Yoga sends them where the lane (event-lane.ts) does not: `id:` is the update's seq, which a browser sends back as Last-Event-ID.
 *
 * Promise: one update is read ahead at most, so a slow reader costs no memory; a reader who goes ends the subscription.
 */
import type { ExecutionResult } from 'graphql';
import type { FetchAPI, Plugin } from 'graphql-yoga';

type ResultProcessorInput = Parameters<NonNullable<Plugin['onResultProcess']>>[0]['result'];

const HEARTBEAT_MS = 12_000;
const encoder = new TextEncoder();

/** Says nothing; keeps the connection, and whatever lies between, awake. */
export const HEARTBEAT = ':\n\n';
/** The last event: nothing more will come, so do not come back. */
export const COMPLETE = 'event: complete\ndata:\n\n';
export const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

const heartbeat = encoder.encode(HEARTBEAT);

export function eventStream(result: ResultProcessorInput, fetchApi: FetchAPI): Response {
  const iterator = iteratorOf(result);
  let timer: NodeJS.Timeout | undefined;
  const stop = async () => {
    clearInterval(timer);
    await iterator.return?.();
  };
  const body = new fetchApi.ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(heartbeat);
      timer = setInterval(() => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(heartbeat);
      }, HEARTBEAT_MS).unref();
    },
    async pull(controller) {
      try {
        const { value, done } = await iterator.next();
        if (done) {
          controller.enqueue(encoder.encode(COMPLETE));
          await stop();
          controller.close();
        } else {
          controller.enqueue(encoder.encode(eventFrame(value)));
        }
      } catch (error) {
        await stop();
        controller.error(error);
      }
    },
    cancel: stop,
  });
  return new fetchApi.Response(body, {
    headers: streamHeaders,
  });
}

/** One update, with the seq of its root field as `id:`. */
export function eventFrame(result: ExecutionResult): string {
  const seq = seqOf(result.data);
  return `${seq === null ? '' : `id: ${seq}\n`}event: next\ndata: ${JSON.stringify(result)}\n\n`;
}

/** The seq of the one root field, whatever it is called. */
function seqOf(data: ExecutionResult['data']): number | null {
  for (const value of Object.values(data ?? {})) {
    if (typeof value === 'object' && value !== null && 'seq' in value && typeof value.seq === 'number')
      return value.seq;
  }
  return null;
}

function iteratorOf(result: ResultProcessorInput): AsyncIterator<ExecutionResult> {
  if (Symbol.asyncIterator in result) return result[Symbol.asyncIterator]();
  throw new TypeError('only the results of a subscription are sent as events');
}
