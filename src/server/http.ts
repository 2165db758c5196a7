/** Small parts of HTTP that every route uses: answers, headers, bodies with a limit. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestIds } from './trace.ts';

/** A request is refused with this status, code and plain words. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface Exchange extends RequestIds {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** The caller's network address. */
  address: string;
}

export type Route = (exchange: Exchange) => Promise<void> | void;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

/** An error outside of GraphQL, in GraphQL's shape, so that a client needs one way to read it. */
export function sendError(response: ServerResponse, error: HttpError, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // What is left of the body is not read, so the connection cannot be used again.
  response.setHeader('connection', 'close');
  sendJson(response, error.status, {
    errors: [{ message: error.message, extensions: { code: error.code, requestId } }],
  });
}

/** @throws HttpError 405 */
export function allowMethods({ request, response }: Exchange, ...methods: string[]): void {
  if (methods.includes(request.method ?? '')) return;
  response.setHeader('allow', methods.join(', '));
  throw new HttpError(405, 'METHOD_NOT_ALLOWED', `Use ${methods.join(' or ')} here.`);
}

export interface BodyLimit {
  readonly bytesMax: number;
  /** From the moment the head was read until the end of the body. */
  readonly timeoutMs: number;
}

/**
 * Reads a body whole.
 * @throws HttpError 413 as soon as it is larger than `bytesMax`, 408 when it takes longer than `timeoutMs`
 */
export async function readBody(request: IncomingMessage, { bytesMax, timeoutMs }: BodyLimit): Promise<Buffer> {
  const tooLarge = () =>
    new HttpError(
      413,
      'BODY_TOO_LARGE',
      `A request has ${bytesMax} bytes at most. Files go to the URL that createUpload gives.`,
    );
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Four listeners, taken off again: an iterator would leave its own on every long-lived request.
  const take = (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes > bytesMax) reject(tooLarge());
    else chunks.push(chunk);
  };
  // A request closes right after its end, before anybody who waits for that has their turn.
  const ended = () => {
    request.off('close', gone);
    resolve();
  };
  const gone = () => reject(new HttpError(400, 'BODY_CUT_OFF', 'The request ended before its body did.'));
  const slow = () => reject(new HttpError(408, 'BODY_TOO_SLOW', `Send a request within ${timeoutMs} ms.`));
  if (request.destroyed) gone();
  request.on('data', take).on('end', ended).on('error', gone).on('close', gone);
  const timer = setTimeout(slow, timeoutMs);
  try {
    await promise;
    return Buffer.concat(chunks, sizeBytes);
  } finally {
    clearTimeout(timer);
    request.off('data', take).off('end', ended).off('error', gone).off('close', gone);
    request.pause();
  }
}

/**
 * What GraphQL is asked by GET or by a form carries objects as JSON in text.
 * @throws HttpError 400
 */
export function refuseFaultyJson(params: URLSearchParams): void {
  for (const name of ['variables', 'extensions']) {
    const text = params.get(name) ?? '';
    if (text !== '' && !isJson(text))
      throw new HttpError(400, 'BAD_REQUEST', `\`${name}\` is no JSON. Send an object.`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The address that a request asks for; null when it is none, such as `//`. */
export function parseTarget(target: string | undefined): URL | null {
  const base = 'http://here';
  return URL.canParse(target ?? '/', base) ? new URL(target ?? '/', base) : null;
}
