/**
 * A small server that speaks the part of the S3 protocol that the adapter uses, in memory, on loopback. It refuses what
 * is not signed, checks a given SHA-256, and enforces signed lengths, so that a wrong client is found out.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

interface StoredObject {
  readonly bytes: Buffer;
  readonly contentType: string;
}

export interface S3Server {
  readonly url: string;
  readonly objects: Map<string, StoredObject>;
  /** While set, every request gets this status. */
  failWith: number | null;
  stop(): Promise<void>;
}

export async function startS3Server(bucket: string, accessKeyId: string): Promise<S3Server> {
  const objects = new Map<string, StoredObject>();
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is never a string
  const { port } = server.address() as AddressInfo;
  const running: S3Server = {
    url: `http://127.0.0.1:${port}`,
    objects,
    failWith: null,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', running.url);
    const body = await buffer(request);
    if (running.failWith !== null) return fault(response, running.failWith, 'InternalError');
    if (!isSigned(request, url, accessKeyId)) return fault(response, 403, 'AccessDenied');
    if (url.pathname === `/${bucket}` || url.pathname === `/${bucket}/`) {
      if (url.searchParams.get('list-type') === '2') return list(response, url);
      return void response.writeHead(200).end();
    }
    if (!url.pathname.startsWith(`/${bucket}/`)) return fault(response, 404, 'NoSuchBucket');
    const key = decodeURIComponent(url.pathname.slice(bucket.length + 2));
    if (request.method === 'PUT') return put(request, response, url, key, body);
    if (request.method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    const found = objects.get(key);
    if (found === undefined) return fault(response, 404, 'NoSuchKey');
    const disposition = url.searchParams.get('response-content-disposition');
    response.writeHead(200, {
      'content-length': found.bytes.length,
      'content-type': url.searchParams.get('response-content-type') ?? found.contentType,
      'last-modified': new Date().toUTCString(),
      etag: `"${createHash('md5').update(found.bytes).digest('hex')}"`,
      ...(disposition === null ? {} : { 'content-disposition': disposition }),
    });
    response.end(request.method === 'HEAD' ? undefined : found.bytes);
  }

  function put(request: IncomingMessage, response: ServerResponse, url: URL, key: string, body: Buffer): void {
    const copySource = request.headers['x-amz-copy-source'];
    if (typeof copySource === 'string') {
      const source = objects.get(decodeURIComponent(copySource).slice(bucket.length + 2));
      if (source === undefined) return fault(response, 404, 'NoSuchKey');
      objects.set(key, source);
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end('<CopyObjectResult><ETag>"x"</ETag></CopyObjectResult>');
      return;
    }
    const sum = request.headers['x-amz-checksum-sha256'];
    if (sum !== undefined && sum !== createHash('sha256').update(body).digest('base64')) {
      return fault(response, 400, 'BadDigest');
    }
    const signedHeaders = url.searchParams.get('X-Amz-SignedHeaders')?.split(';') ?? [];
    if (url.searchParams.has('X-Amz-Signature') && !signedHeaders.includes('content-type')) {
      return fault(response, 403, 'SignatureDoesNotMatch');
    }
    objects.set(key, { bytes: body, contentType: request.headers['content-type'] ?? '' });
    response.writeHead(200, { etag: '"x"' }).end();
  }

  /** Two keys a page, so that a client has to ask for more. */
  function list(response: ServerResponse, url: URL): void {
    const prefix = url.searchParams.get('prefix') ?? '';
    const after = url.searchParams.get('continuation-token') ?? '';
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).toSorted();
    const page = keys.slice(0, 2);
    const rows = page.map(
      (key) => `<Contents><Key>${key}</Key><LastModified>${new Date().toISOString()}</LastModified></Contents>`,
    );
    const more = keys.length > 2 ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<ListBucketResult><IsTruncated>${keys.length > 2}</IsTruncated>${rows.join('')}${more}</ListBucketResult>`,
    );
  }
  return running;
}

function isSigned(request: IncomingMessage, url: URL, accessKeyId: string): boolean {
  const header = request.headers.authorization ?? '';
  if (header.startsWith(`AWS4-HMAC-SHA256 Credential=${accessKeyId}/`)) return /Signature=[\da-f]{64}$/.test(header);
  const credential = url.searchParams.get('X-Amz-Credential') ?? '';
  return (
    credential.startsWith(`${accessKeyId}/`) && /^[\da-f]{64}$/.test(url.searchParams.get('X-Amz-Signature') ?? '')
  );
}

function fault(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}
