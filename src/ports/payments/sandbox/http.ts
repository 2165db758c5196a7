/** The sandbox gateway's plumbing: listening, reading a JSON body, sending a JSON answer. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { z } from 'zod';
import { BODY_SIZE_BYTES_MAX } from './wire.ts';

/** Becomes an answer of this status. */
export class HttpFault extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      const actualPort = typeof address === 'object' && address !== null ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${actualPort}`);
    });
  });
}

export async function readBody<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part);
    sizeBytes += bytes.length;
    if (sizeBytes > BODY_SIZE_BYTES_MAX) {
      throw new HttpFault(413, 'body_too_large', `A request may have ${BODY_SIZE_BYTES_MAX} bytes.`);
    }
    parts.push(bytes);
  }
  try {
    return schema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'The body is not JSON.';
    throw new HttpFault(400, 'invalid_request', why);
  }
}

export function send(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Ends the connection without an answer. */
export function cut(response: ServerResponse): void {
  response.destroy();
}
