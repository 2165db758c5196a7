/**
 * Which pages may call the API: an allow-list, never a reflection of whoever asks.
 *
 * No credentials are allowed: cookies are for our own pages, and a page of another origin sends its own bearer token.
 */
import type { Exchange } from './http.ts';

const PREFLIGHT_SECONDS = 600;

/** @returns true when the request was a preflight and is answered */
export function answerCors({ request, response }: Exchange, origins: ReadonlySet<string>): boolean {
  const { origin } = request.headers;
  response.setHeader('vary', 'Origin');
  const isAllowed = origin !== undefined && origins.has(origin);
  if (isAllowed) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-expose-headers', 'x-request-id, retry-after');
  }
  if (request.method !== 'OPTIONS') return false;
  if (isAllowed) {
    response.setHeader('access-control-allow-methods', 'GET, POST, PUT');
    response.setHeader('access-control-allow-headers', 'authorization, content-type, last-event-id, x-booky-hub');
    response.setHeader('access-control-max-age', PREFLIGHT_SECONDS);
  }
  response.writeHead(204).end();
  return true;
}
