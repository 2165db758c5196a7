/**
 * The pages: `/app`, the shop, and `/workbench`, as they were built (../web/build-pages.ts).
 *
 * Promise: only regular files inside that folder are served, each with its type; scripts and styles come from us alone,
 * none of them inline.
 */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PAGE_POLICY } from './headers.ts';
import { allowMethods, HttpError, type Route } from './http.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.json': 'application/json; charset=utf-8',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Files of a build: their names change with what they hold. */
const HASHED = /\/assets\/[^/]+-[\w-]{8,}\.\w+$/;

/** @param mount the first part of the path, such as `app` */
export function servePages(mount: string, folder: string): Route {
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    const { request, response, url } = exchange;
    const path = await fileFor(folder, url.pathname.slice(mount.length + 2));
    const { size, mtime } = await stat(path);
    const etag = `"${size.toString(16)}-${mtime.getTime().toString(16)}"`;
    response.setHeader('content-security-policy', PAGE_POLICY);
    response.setHeader('cache-control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    response.setHeader('etag', etag);
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'content-length': size,
    });
    if (request.method === 'HEAD') response.end();
    else {
      const content = createReadStream(path);
      await pipeline(content, response).finally(() => content.destroy());
    }
  };
}

/** A path without an ending is a place within the page: the page itself finds out which. */
async function fileFor(folder: string, path: string): Promise<string> {
  const missing = new HttpError(404, 'NOT_FOUND', 'There is no such page.');
  let name: string;
  try {
    name = decodeURIComponent(path);
  } catch {
    throw missing;
  }
  if (name.includes('\0') || name.split('/').some((part) => part.startsWith('.'))) throw missing;
  const wanted = join(folder, extname(name) === '' ? 'index.html' : name);
  const [root, real] = await Promise.all([realpath(folder), realpath(wanted)]).catch(() => {
    throw missing;
  });
  const isInside = real.startsWith(root + sep);
  if (!isInside || !(await stat(real)).isFile()) throw missing;
  return real;
}
