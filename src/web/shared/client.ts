/**
 * The one way to the API: urql for questions, graphql-sse for what is live.
 *
 * Promise: a live stream that drops is made again, and what could not be answered for now is asked again, longer waits in
 * between, for as long as somebody looks.
 */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { createClient } from 'graphql-sse';
import { Client, fetchExchange, stringifyDocument } from 'urql';
import { end, session } from './session.ts';

const ENDPOINT = '/graphql';
const WAIT_MS_MIN = 300;
const WAIT_MS_MAX = 10_000;

const headers = (): Record<string, string> => {
  const current = session();
  return { 'x-booky-hub': 'page', ...(current?.token != null && { authorization: `Bearer ${current.token}` }) };
};

let isConnected = true;
const connection = new EventTarget();

function tellConnection(now: boolean): void {
  if (now === isConnected) return;
  isConnected = now;
  connection.dispatchEvent(new Event('change'));
}

export const connected = (): boolean => isConnected;
export function onConnection(listener: () => void): () => void {
  connection.addEventListener('change', listener);
  return () => connection.removeEventListener('change', listener);
}

const live = createClient({
  url: ENDPOINT,
  headers,
  retryAttempts: 0,
  on: { connected: () => tellConnection(true), message: () => tellConnection(true) },
});

/** What is worth another try; all else stays refused. */
const PASSING = new Set<unknown>(['RESUME', 'UNAVAILABLE', 'OVERLOADED', 'RATE_LIMITED', 'INTERNAL']);
export const isPassing = (code: unknown): boolean => PASSING.has(code);

/** What comes back after a while, each time after twice as long. */
export class Patience {
  #waitMs = WAIT_MS_MIN;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Where many look at once, they do not come back at once. */
  later(again: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(again, this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(this.#waitMs * 2, WAIT_MS_MAX);
  }

  /** Nothing comes back any more, and the next wait is as short as the first. */
  reset(): void {
    clearTimeout(this.#timer);
    this.#waitMs = WAIT_MS_MIN;
  }
}

export interface Watched<Data> {
  onData: (data: Data) => void;
  /** It may not be watched, or not any more. */
  onRefusal?: (words: string) => void;
}

/**
 * Watches until it is told to stop; each time the stream ends, for whatever reason, it is opened again.
 * @param variables asked for each time, so that a stream goes on behind what has come
 * @returns what stops it
 */
export function watch<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: () => Variables,
  { onData, onRefusal }: Watched<Data>,
): () => void {
  let isOver = false;
  const patience = new Patience();
  let stop = () => {};
  const openAgain = () => {
    if (!isOver) patience.later(open);
  };
  const refuse = (words: string) => {
    isOver = true;
    stop();
    onRefusal?.(words);
  };
  const open = () => {
    stop = live.subscribe<Data>(
      { query: stringifyDocument(document), variables: variables() },
      {
        next: ({ data, errors }) => {
          const [fault] = errors ?? [];
          const code = fault?.extensions?.['code'];
          if (fault) noticeRefusal(code);
          if (fault && !isPassing(code)) return refuse(fault.message);
          if (!data) return;
          patience.reset();
          onData(data);
        },
        error: () => {
          tellConnection(false);
          openAgain();
        },
        complete: openAgain,
      },
    );
  };
  open();
  return () => {
    isOver = true;
    patience.reset();
    stop();
  };
}

export const client = new Client({
  url: ENDPOINT,
  preferGetMethod: false,
  requestPolicy: 'network-only',
  fetchOptions: () => ({ headers: headers() }),
  fetch: async (input, init) => {
    try {
      const response = await fetch(input, init);
      tellConnection(true);
      return response;
    } catch (error) {
      tellConnection(false);
      throw error;
    }
  },
  exchanges: [fetchExchange],
});

/** A token that is good for nothing any more must not stand in the way of signing in. */
export function noticeRefusal(code: unknown): void {
  if (code === 'UNAUTHENTICATED' && session()) end();
}
