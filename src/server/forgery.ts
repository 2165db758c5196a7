/**
 * What a foreign page could make a visitor's browser send, and is refused.
 *
 * One rule for all that may change something (every method but GET, HEAD and OPTIONS), and for GraphQL by any way:
 *
 *     an Origin that is neither ours nor in CORS_ORIGINS               refused
 *     a Cookie without the header x-booky-hub                          refused
 *     POST /graphql with neither JSON nor that header                  refused
 *
 * A form can carry a cookie but not a header of ours, and a script of a foreign page is asked for a preflight, which only
 * the list passes (cors.ts). Programs send no Origin and no cookie, so a bearer token and JSON are all they need.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { HttpError } from './http.ts';

export const OWN_HEADER = 'x-booky-hub';
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * @param origins ours and those of CORS_ORIGINS
 * @param isGraphql GraphQL may be asked by GET as well, and tells much
 * @throws HttpError 403
 */
export function refuseForgery(request: IncomingMessage, origins: ReadonlySet<string>, isGraphql: boolean): void {
  const { headers, method = '' } = request;
  const mayChange = !SAFE_METHODS.has(method);
  if ((mayChange || (isGraphql && method !== 'OPTIONS')) && !allowsOrigin(headers, origins)) {
    throw new HttpError(
      403,
      'ORIGIN_REFUSED',
      'Pages of this origin may not call us. CORS_ORIGINS lists those that may.',
    );
  }
  if (mayChange && headers.cookie !== undefined && headers[OWN_HEADER] === undefined) {
    throw new HttpError(
      403,
      'CSRF_HEADER_REQUIRED',
      `Send a header \`${OWN_HEADER}: 1\` with a request that has a cookie.`,
    );
  }
}

/** @throws HttpError 415: a form can be sent without asking first, JSON and a header of ours cannot */
export function refuseForms(headers: IncomingHttpHeaders): void {
  const type = headers['content-type'] ?? '';
  if (headers[OWN_HEADER] !== undefined || /^application\/(graphql-response\+|graphql\+)?json\b/i.test(type)) return;
  throw new HttpError(
    415,
    'JSON_REQUIRED',
    `Send JSON with \`content-type: application/json\`, or a header \`${OWN_HEADER}: 1\`.`,
  );
}

export const isForm = (headers: IncomingHttpHeaders): boolean =>
  /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');

/** Whether a page of this origin may call; who is no page sends none. */
export function allowsOrigin(headers: IncomingHttpHeaders, origins: ReadonlySet<string>): boolean {
  const { origin } = headers;
  return origin === undefined || origins.has(origin) || isOwn(headers);
}

/** A page that we served ourselves, whatever name we were reached by. */
function isOwn({ origin, host }: IncomingHttpHeaders): boolean {
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
