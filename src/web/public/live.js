// @ts-check
/**
 * A live subscription over server-sent events, with the bearer token in a header (EventSource cannot send one).
 *
 * Promise: every update once, in order; when the connection drops it is made again behind the last seq that came.
 * Life: connect → updates → dropped, silent for too long, or RESUME → wait, longer each time → connect again, until the
 * reader has what he wants and leaves the loop.
 */
import { ApiError, ENDPOINT, requestHeaders, throwFirstError } from './api.js';

/** The server says something every 12 s, were it only a heartbeat. */
const SILENCE_MS_MAX = 30_000;
const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 10_000;
const FRAME_CHARS_MAX = 1_000_000;
/** What is worth another try; all else ends the subscription. */
const PASSING = new Set(['OFFLINE', 'RESUME', 'UNAVAILABLE', 'OVERLOADED', 'RATE_LIMITED', 'INTERNAL']);

/**
 * @template {{ step: { seq: number } }} Result
 * @template Variables
 * @param {import('./api.js').Operation<Result, Variables>} operation
 * @param {Omit<Variables, 'after'>} variables
 * @param {{ after: number, signal: AbortSignal, onConnection: (isConnected: boolean) => void }} options
 * @returns {AsyncGenerator<Result['step'], void, void>}
 * @throws {ApiError} when it may not be watched
 */
export async function* follow(operation, variables, { after, signal, onConnection }) {
  let lastSeq = after;
  let waitMs = WAIT_MS_MIN;
  while (!signal.aborted) {
    try {
      const query = String(operation);
      for await (const answer of events({ query, variables: { ...variables, after: lastSeq } }, signal, onConnection)) {
        throwFirstError(answer);
        /** @type {Result} */
        const { step } = answer.data;
        waitMs = WAIT_MS_MIN;
        if (step.seq <= lastSeq) continue;
        lastSeq = step.seq;
        yield step;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && !PASSING.has(error.code)) throw error;
    }
    if (signal.aborted) return;
    onConnection(false);
    await wakeAfter(waitMs * (0.75 + Math.random() / 2), signal);
    waitMs = Math.min(waitMs * 2, WAIT_MS_MAX);
  }
}

/**
 * One connection.
 * @param {object} body
 * @param {AbortSignal} signal
 * @param {(isConnected: boolean) => void} onConnection
 * @returns {AsyncGenerator<{ data: any, errors?: { message: string }[] }, void, void>}
 */
async function* events(body, signal, onConnection) {
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE_MS_MAX);
  try {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: { ...requestHeaders(), accept: 'text/event-stream' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, silent.signal]),
    });
    if (!response.body || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
      yield await response.json();
      return;
    }
    onConnection(true);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE_MS_MAX);
      text += value;
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      if (text.length > FRAME_CHARS_MAX) throw new RangeError('an event of the server is too large');
      for (const frame of frames) {
        const data = dataOf(frame);
        if (data !== null) yield JSON.parse(data);
      }
    }
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

/** @param {string} frame @returns {string | null} null for heartbeats and for the farewell */
function dataOf(frame) {
  const lines = frame.split('\n').filter((line) => line.startsWith('data:'));
  const data = lines.map((line) => line.slice('data:'.length).trimStart()).join('\n');
  return data === '' ? null : data;
}

/**
 * Waits, but not longer than until the browser is online again.
 * @param {number} ms @param {AbortSignal} signal @returns {Promise<void>}
 */
function wakeAfter(ms, signal) {
  return new Promise((resolve) => {
    const woken = new AbortController();
    const wake = () => {
      clearTimeout(timer);
      woken.abort();
      resolve();
    };
    const timer = setTimeout(wake, ms);
    addEventListener('online', wake, { signal: woken.signal });
    signal.addEventListener('abort', wake, { signal: woken.signal });
  });
}
