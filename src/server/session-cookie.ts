/**
 * Cookies: where a browser keeps what a page's script must not see.
 *
 * Promise: HttpOnly, SameSite=Lax, for the whole site and no other; over https also Secure, with the `__Host-` prefix, so
 * that no other name of the domain can set them. A session's cookie counts only beside the header `x-booky-hub`, which no
 * foreign page can send.
 */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { OWN_HEADER } from './forgery.ts';

const COOKIES_CHARS_MAX = 8_192;
const TOKEN = /^[\w.~+/=-]{1,200}$/;

export interface Cookies {
  read(headers: IncomingHttpHeaders): string | null;
  /** @param maxAgeMs 0 removes it */
  write(response: ServerResponse, value: string, maxAgeMs: number): void;
}

/** @param publicUrl the address that users see: only where it is https can a cookie insist on that */
export function cookie(name: string, publicUrl: string): Cookies {
  const isHttps = new URL(publicUrl).protocol === 'https:';
  const fullName = `${isHttps ? '__Host-' : ''}${name}`;
  return {
    read: ({ cookie: all = '' }) => {
      if (all.length > COOKIES_CHARS_MAX) return null;
      const pairs = all.split(';').map((pair) => pair.trim());
      const found = pairs.find((pair) => pair.startsWith(`${fullName}=`));
      return found?.slice(fullName.length + 1) ?? null;
    },
    write: (response, value, maxAgeMs) => {
      const age = Math.floor(maxAgeMs / 1_000);
      const secure = isHttps ? '; Secure' : '';
      response.appendHeader(
        'set-cookie',
        `${fullName}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Lax${secure}`,
      );
    },
  };
}

export const sessionCookie = (publicUrl: string): Cookies => cookie('booky-hub-session', publicUrl);

/** @returns the credential that a request carries, as its Authorization header would say it; null for none */
export function authorizationOf(headers: IncomingHttpHeaders, session: Cookies): string | null {
  if (headers.authorization !== undefined) return headers.authorization;
  const token = headers[OWN_HEADER] === undefined ? null : session.read(headers);
  return token !== null && TOKEN.test(token) ? `Bearer ${token}` : null;
}
