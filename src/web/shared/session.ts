/**
 * Who is signed in. The session itself is a cookie that no script sees; here is only whose it is. Where a browser keeps no
 * cookies, the token is kept here in its place.
 */
import { useSyncExternalStore } from 'react';

const KEY = 'booky-hub.session';
const changed = new EventTarget();

export interface Session {
  token: string | null;
  name: string;
  role: string;
}

let kept: { text: string | null; session: Session | null } = { text: null, session: null };

export function session(): Session | null {
  const text = localStorage.getItem(KEY);
  if (text !== kept.text) kept = { text, session: parse(text) };
  return kept.session;
}

function parse(text: string | null): Session | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null || !('token' in value)) return null;
    const { token } = value;
    if (typeof token !== 'string' && token !== null) return null;
    const name = 'name' in value && typeof value.name === 'string' ? value.name : '';
    const role = 'role' in value && typeof value.role === 'string' ? value.role : 'READER';
    return { token, name, role };
  } catch {
    return null;
  }
}

export function begin(token: string | null, { name, role }: { name: string; role: string | null }): void {
  localStorage.setItem(KEY, JSON.stringify({ token, name, role: role ?? 'READER' }));
  changed.dispatchEvent(new Event('change'));
}

/** Keeps a session that has just been opened. */
export async function keep(token: string, viewer: { name: string; role: string | null }): Promise<void> {
  const headers = { 'x-booky-hub': 'page', authorization: `Bearer ${token}` };
  const isKept = await fetch('/auth/session', { method: 'POST', headers }).then(
    ({ ok }) => ok && navigator.cookieEnabled,
    () => false,
  );
  begin(isKept ? null : token, viewer);
}

/** Forgets the session here. Ending it on the server is `signOut`, and for a cookie `endCookie`. */
export function end(): void {
  localStorage.removeItem(KEY);
  changed.dispatchEvent(new Event('change'));
}

/** Signs out where the session is a cookie. */
export async function endCookie(): Promise<void> {
  await fetch('/auth/session', { method: 'DELETE', headers: { 'x-booky-hub': 'page' } }).catch(() => {});
}

function subscribe(listener: () => void): () => void {
  changed.addEventListener('change', listener);
  addEventListener('storage', listener);
  return () => {
    changed.removeEventListener('change', listener);
    removeEventListener('storage', listener);
  };
}

export const useSession = (): Session | null => useSyncExternalStore(subscribe, session);
