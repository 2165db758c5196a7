/** Who is signed in, kept in this browser until they sign out; the shop's pages keep the same. */
import { useSyncExternalStore } from 'react';

const KEY = 'booky-hub.session';
const changed = new EventTarget();

export interface Session {
  token: string;
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
    if (typeof value !== 'object' || value === null || !('token' in value) || typeof value.token !== 'string')
      return null;
    const name = 'name' in value && typeof value.name === 'string' ? value.name : '';
    const role = 'role' in value && typeof value.role === 'string' ? value.role : 'READER';
    return { token: value.token, name, role };
  } catch {
    return null;
  }
}

export function begin(session: Session): void {
  localStorage.setItem(KEY, JSON.stringify(session));
  changed.dispatchEvent(new Event('change'));
}

export function end(): void {
  localStorage.removeItem(KEY);
  changed.dispatchEvent(new Event('change'));
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
