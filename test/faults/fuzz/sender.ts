/** Sends requests over connections that are kept, as a storefront's server would. */
import { Agent, type IncomingMessage, request as openRequest } from 'node:http';
import type { FuzzRequest } from './kinds.ts';

const ANSWER_TIMEOUT_MS = 20_000;
/** An event stream lasts: what came within this time, or its first event, is what is judged. */
const EVENTS_MS = 100;
/** After so many connections that had rested and were closed, a fresh one is opened. */
const RESTED_MAX = 3;
const TEXT_CHARS_MAX = 4_000_000;

export interface FuzzAnswer {
  readonly status: number;
  readonly text: string;
  readonly isEventStream: boolean;
  readonly tookMs: number;
}

export interface Sender {
  /** @throws the system's error when a fresh connection broke */
  send(request: FuzzRequest, token: string | null): Promise<FuzzAnswer>;
  stop(): Promise<void>;
}

export function openSender(port: number, connections: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    send: async (request, token) => {
      for (let again = 0; again < RESTED_MAX; again++) {
        try {
          return await sendOnce(agent, port, request, token);
        } catch (error) {
          // The server may close a resting connection in the very moment when it is taken again.
          if (!(error instanceof RestedConnectionError)) throw error;
        }
      }
      return sendOnce(new Agent(), port, request, token);
    },
    stop: async () => agent.destroy(),
  };
}

class RestedConnectionError extends Error {
  override readonly name = 'RestedConnectionError';
}

const used = new WeakSet<object>();

function sendOnce(agent: Agent, port: number, sent: FuzzRequest, token: string | null): Promise<FuzzAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<FuzzAnswer>();
  const startedAt = performance.now();
  const headers = { ...(token !== null && { authorization: `Bearer ${token}` }), ...sent.headers };
  const request = openRequest({ host: '127.0.0.1', port, agent, method: sent.method, path: sent.path, headers });
  request.setTimeout(ANSWER_TIMEOUT_MS, () => request.destroy(new Error('no answer in time')));
  request.on('response', (response) => {
    read(response).then(
      (text) => {
        const isEventStream = (response.headers['content-type'] ?? '').startsWith('text/event-stream');
        resolve({ status: response.statusCode ?? 0, text, isEventStream, tookMs: performance.now() - startedAt });
      },
      (error: unknown) => reject(asError(error)),
    );
  });
  let hasRested = false;
  request.on('socket', (socket) => {
    hasRested = used.has(socket);
    used.add(socket);
  });
  request.on('error', (error) =>
    reject(hasRested ? new RestedConnectionError(error.message, { cause: error }) : error),
  );
  request.end(sent.body ?? undefined);
  return promise;
}

async function read(response: IncomingMessage): Promise<string> {
  const isStream = (response.headers['content-type'] ?? '').startsWith('text/event-stream');
  let text = '';
  const timer = isStream ? setTimeout(() => response.destroy(), EVENTS_MS) : undefined;
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > TEXT_CHARS_MAX) throw new Error('the answer does not end');
      if (isStream && text.includes('data:')) break;
    }
  } catch (error) {
    if (!isStream) throw error;
  } finally {
    clearTimeout(timer);
  }
  return text;
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
