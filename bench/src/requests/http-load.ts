/**
 * Load: requests over kept connections, one after the other on each, as fast as they are answered.
 *
 * Raw sockets and ready-made bytes, so that on a machine with few cores the caller takes little from the called. Answers
 * are read by content-length or to the last chunk; the first one of each run is given to the caller of `run` to judge.
 */
import { connect, type Socket } from 'node:net';

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  /** Milliseconds. */
  readonly durationMs: number;
  /** The next request's body and token; null when there are no more, then the load ends early. */
  next(): { body: string; token?: string } | null;
  /** Judges each answer's JSON text. @returns what is wrong with it; null when all is well */
  judge(text: string): string | null;
}

export interface LoadResult {
  readonly answered: number;
  readonly perSecond: number;
  /** Milliseconds of each request, in the order of the answers. */
  readonly latenciesMs: readonly number[];
  /** Different complaints of `judge`; the first few. */
  readonly faults: readonly string[];
}

const FAULTS_MAX = 5;

export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const faults = new Set<string>();
  const startedAt = performance.now();
  const endsAt = startedAt + options.durationMs;
  const take = (text: string, sentAt: number) => {
    latenciesMs.push(performance.now() - sentAt);
    const fault = options.judge(text);
    if (fault !== null && faults.size < FAULTS_MAX) faults.add(fault);
  };
  await Promise.all(Array.from({ length: options.connections }, () => keepAsking(options, endsAt, take)));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { answered: latenciesMs.length, perSecond: latenciesMs.length / seconds, latenciesMs, faults: [...faults] };
}

async function keepAsking(options: LoadOptions, endsAt: number, take: (text: string, sentAt: number) => void) {
  const { hostname, port, pathname, host } = new URL(options.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sentAt = 0;
  let received = '';
  const ask = () => {
    const request = performance.now() < endsAt ? options.next() : null;
    if (request === null) {
      resolve();
      return;
    }
    sentAt = performance.now();
    send(socket, `${pathname} HTTP/1.1\r\nhost: ${host}`, request);
  };
  socket.setEncoding('latin1');
  socket.on('connect', ask);
  socket.on('data', (chunk: string) => {
    received += chunk;
    const text = wholeAnswer(received);
    if (text === null) return;
    received = '';
    take(text, sentAt);
    ask();
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('the server closed a connection')));
  try {
    await promise;
  } finally {
    socket.destroy();
  }
}

function send(socket: Socket, head: string, { body, token }: { body: string; token?: string }): void {
  const authorization = token === undefined ? '' : `authorization: Bearer ${token}\r\n`;
  socket.write(
    `POST ${head}\r\ncontent-type: application/json\r\naccept: application/json\r\n${authorization}` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** The body, with what frames its chunks; null while it is not whole. */
function wholeAnswer(received: string): string | null {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return null;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1];
  const body = received.slice(headEnd + 4);
  if (length !== undefined) return body.length >= Number(length) ? body : null;
  return body.endsWith('0\r\n\r\n') ? body : null;
}
