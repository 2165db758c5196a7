/**
 * Bytes in and out: uploads, downloads, covers.
 *
 * Promise: a signed URL is needed for an upload and a download, and the right is looked up again when it is used; an
 * upload is written whole and with the announced SHA-256, or not at all; what we send is never run by a browser.
 */
import { and, eq } from 'drizzle-orm';
import { pipeline } from 'node:stream/promises';
import { keyMay } from '../accounts/key-scopes.ts';
import { coversSchema } from '../books/extracted.ts';
import { openUpload } from '../db/files.ts';
import { activeDownload, markDownloaded } from '../db/library.ts';
import { editions, revisions } from '../db/tables/index.ts';
import { BlobNotFoundError, BlobStorageUnavailableError, BlobTooLargeError } from '../ports/storage/blob-storage.ts';
import { type SignedUrlClaims, verifySignedUrl } from '../ports/storage/signed-url.ts';
import { isUuid } from '../schema/ids.ts';
import type { SchemaServices } from '../schema/context.ts';
import { credentialIn } from './credential.ts';
import { INERT } from './headers.ts';
import { allowMethods, type Exchange, HttpError, type Route, sendJson } from './http.ts';

type Services = Pick<SchemaServices, 'db' | 'storage' | 'signing' | 'clock' | 'auth'>;

const NO_RIGHT = 'There is no right to this book any more. Look into your library.';
const COVER_SECONDS = 86_400;
const STORE_LINK_MS = 60_000;
/** An upload may take long, but not say nothing for so long. */
const SILENCE_MS = 60_000;

/**
 * `PUT /uploads/FILE`: the bytes of a file that createUpload announced. One at a time for a file: a newer one cuts off the
 * one before, so that a link holds no more of the disk than was announced, and whoever lost a connection can begin anew.
 */
export function serveUploads({ db, storage, signing, clock }: Services): Route {
  const underWay = new Map<string, AbortController>();
  return async (exchange) => {
    allowMethods(exchange, 'PUT');
    const { request, response } = exchange;
    verified(exchange, signing, clock);
    const file = await openUpload(db, idIn(exchange), clock.now());
    if (!file) throw new HttpError(409, 'UPLOAD_CLOSED', 'This upload is done or its time is over. Create a new one.');
    const announced = request.headers['content-length'];
    if (announced !== undefined && Number(announced) !== file.sizeBytes) {
      throw new HttpError(422, 'UPLOAD_MISMATCH', `${file.sizeBytes} bytes were announced, and ${announced} are sent.`);
    }
    const leaving = new AbortController();
    request.setTimeout(SILENCE_MS, () => request.destroy());
    request.once('aborted', () => leaving.abort());
    underWay.get(file.id)?.abort(new HttpError(409, 'UPLOAD_REPLACED', 'This file is being sent anew.'));
    underWay.set(file.id, leaving);
    const stored = await storage
      .put(file.storageKey, request, {
        contentType: file.mediaType,
        sizeBytesMax: file.sizeBytes,
        signal: leaving.signal,
      })
      .catch(retell)
      .finally(() => {
        if (underWay.get(file.id) === leaving) underWay.delete(file.id);
      });
    if (stored.sizeBytes !== file.sizeBytes || stored.sha256 !== file.sha256) {
      await storage.delete(file.storageKey);
      throw new HttpError(
        422,
        'UPLOAD_MISMATCH',
        `Announced: ${file.sizeBytes} bytes, SHA-256 ${file.sha256}. Came: ${stored.sizeBytes} bytes, ${stored.sha256}. Send the file again.`,
      );
    }
    sendJson(response, 200, { sizeBytes: stored.sizeBytes, sha256: stored.sha256 });
  };
}

/** `GET /downloads/ENTITLEMENT`: the book, for its reader: by a signed link, or by a credential that may see the library. */
export function serveDownloads({ db, storage, signing, clock, auth }: Services): Route {
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    const { request, response } = exchange;
    const isSigned = exchange.url.searchParams.has('signature') || request.headers.authorization === undefined;
    const readerId = isSigned ? verified(exchange, signing, clock)['readerId'] : await readerBy(exchange, auth);
    const download = await activeDownload(db, idIn(exchange));
    if (!download || download.readerId !== readerId) {
      throw new HttpError(403, 'FORBIDDEN', NO_RIGHT);
    }
    // Before a byte is sent: who has the book cannot give it back.
    if (request.method === 'GET' && !(await markDownloaded(db, download, clock.now()))) {
      throw new HttpError(403, 'FORBIDDEN', NO_RIGHT);
    }
    const { storageKey, fileName, mediaType, sizeBytes } = download;
    const elsewhere = await storage.signedGetUrl(storageKey, {
      expiresInMs: STORE_LINK_MS,
      fileName,
      contentType: mediaType,
    });
    response.setHeader('cache-control', 'private, no-store');
    if (elsewhere !== null) {
      response.writeHead(302, { location: elsewhere }).end();
      return;
    }
    const content = await storage.get(storageKey).catch(retell);
    response.writeHead(200, {
      'content-type': mediaType,
      'content-length': sizeBytes,
      'content-disposition': attachment(fileName),
      'content-security-policy': INERT,
      'cross-origin-resource-policy': 'cross-origin',
    });
    if (request.method === 'HEAD') {
      content.destroy();
      response.end();
    } else {
      // A pipeline to somebody who has left already throws without closing what it reads from.
      await pipeline(content, response).finally(() => content.destroy());
    }
  };
}

/** `GET /covers/REVISION/WIDTH.jpg`, which is its storage key: the cover of a book on sale, or of another one by a signed URL. */
export function serveCovers({ db, storage, signing, clock }: Services): Route {
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    const { request, response } = exchange;
    const [row] = await db
      .select({ extracted: revisions.extracted, onSaleId: editions.id })
      .from(revisions)
      .leftJoin(editions, and(eq(editions.liveRevisionId, revisions.id), eq(editions.saleStatus, 'PUBLISHED')))
      .where(eq(revisions.id, idIn(exchange)));
    const isPublic = row?.onSaleId !== null;
    if (!isPublic && !exchange.url.search) throw new HttpError(404, 'NOT_FOUND', 'There is no such cover.');
    if (!isPublic) verified(exchange, signing, clock);
    const covers = coversSchema.safeParse(readCovers(row?.extracted)).data;
    const cover = covers?.find(({ storageKey }) => `/${storageKey}` === exchange.url.pathname);
    if (!cover) throw new HttpError(404, 'NOT_FOUND', 'There is no such cover.');
    const [{ sizeBytes }, content] = await Promise.all([
      storage.stat(cover.storageKey),
      storage.get(cover.storageKey),
    ]).catch(retell);
    response.writeHead(200, {
      'content-type': cover.mediaType,
      'content-length': sizeBytes,
      'cache-control': isPublic ? `public, max-age=${COVER_SECONDS}` : 'private, max-age=1800',
      'content-security-policy': INERT,
      'cross-origin-resource-policy': 'cross-origin',
    });
    if (request.method === 'HEAD') {
      content.destroy();
      response.end();
    } else {
      // A pipeline to somebody who has left already throws without closing what it reads from.
      await pipeline(content, response).finally(() => content.destroy());
    }
  };
}

/** @throws HttpError 403 when the URL is not ours or its time is over */
export function verified(
  { request }: Exchange,
  { secrets }: Services['signing'],
  clock: Services['clock'],
): SignedUrlClaims {
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
  const result = verifySignedUrl(secrets, { method, url: request.url ?? '' }, clock.now().getTime());
  if (result.kind === 'VALID') return result.claims;
  const words = result.kind === 'EXPIRED' ? 'The time of this link is over.' : 'This link was not made by us.';
  throw new HttpError(403, `LINK_${result.kind}`, `${words} Ask for a new one.`);
}

/**
 * Who downloads, as reading apps say it: HTTP Basic with an app password.
 * @throws HttpError 401 when the credential is not good, 403 when it is an API key that may not
 */
async function readerBy({ request, response }: Exchange, auth: SchemaServices['auth']): Promise<string> {
  const credential = credentialIn(request.headers.authorization);
  const viewer = credential === null ? null : await auth.viewerOf(credential);
  if (!viewer) {
    response.setHeader('www-authenticate', 'Basic realm="Booky Hub", charset="UTF-8"');
    throw new HttpError(
      401,
      'UNAUTHENTICATED',
      'This app password or key is not good. Make a new one in your account.',
    );
  }
  if (!keyMay(viewer.scopes, 'library:read')) {
    throw new HttpError(403, 'FORBIDDEN', 'This API key has not the scope library:read. Use one that has it.');
  }
  return viewer.id;
}

/** The id in `/uploads/ID`. */
export function idIn({ url }: Exchange): string {
  const id = url.pathname.split('/')[2] ?? '';
  if (!isUuid(id)) throw new HttpError(404, 'NOT_FOUND', 'There is nothing here.');
  return id;
}

const readCovers = (extracted: unknown): unknown =>
  typeof extracted === 'object' && extracted !== null && 'covers' in extracted ? extracted.covers : null;

/** RFC 6266: a plain name for old programs, the real one beside it. */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const real = encodeURIComponent(fileName).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${real}`;
}

/** An error of the storage in the words of this route. */
export function retell(error: unknown): never {
  if (error instanceof BlobTooLargeError)
    throw new HttpError(413, 'BODY_TOO_LARGE', 'More bytes came than were announced.');
  if (error instanceof BlobNotFoundError) throw new HttpError(404, 'NOT_FOUND', 'The file is gone.');
  if (error instanceof BlobStorageUnavailableError) {
    throw new HttpError(503, 'UNAVAILABLE', 'We cannot reach our storage at the moment. Try again.');
  }
  throw error;
}
