// @ts-check
/**
 * Who is signed in, kept in this browser until they sign out.
 *
 * @typedef {{ token: string, name: string, role: 'READER' | 'AUTHOR' | 'ADMIN' }} Session
 */
const KEY = 'booky-hub.session';
const changed = new EventTarget();

/** @returns {Session | null} */
export function session() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null');
    return typeof kept?.token === 'string' ? kept : null;
  } catch {
    return null;
  }
}

/** @param {string} token @param {{ name: string, role: Session['role'] | null }} viewer */
export function begin(token, viewer) {
  localStorage.setItem(KEY, JSON.stringify({ token, name: viewer.name, role: viewer.role ?? 'READER' }));
  changed.dispatchEvent(new Event('change'));
}

export function end() {
  localStorage.removeItem(KEY);
  changed.dispatchEvent(new Event('change'));
}

/** @param {() => void} listener also called when another tab signs in or out */
export function onSessionChange(listener) {
  changed.addEventListener('change', listener);
  addEventListener('storage', ({ key }) => {
    if (key === KEY || key === null) listener();
  });
}
