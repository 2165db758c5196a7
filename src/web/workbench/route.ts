/** Where in the workbench one is: behind the `#` of the address. */
import { useSyncExternalStore } from 'react';

const subscribeHash = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

/** Where one is: `#/runs/purchase%2F7` → ['runs', 'purchase/7'] */
export function useRoute(): string[] {
  const hash = useSyncExternalStore(subscribeHash, () => location.hash);
  return hash
    .replace(/^#\/?|\?.*$/g, '')
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent);
}

export const linkTo = (...parts: string[]): string => `#/${parts.map(encodeURIComponent).join('/')}`;

/** What is asked for there: `#/runs?state=PARKED` */
export const askedFor = (): URLSearchParams => new URLSearchParams(location.hash.split('?')[1]);

/** What is empty is not asked for. */
export function linkToRuns(wanted: Readonly<Record<string, string>>): string {
  const asked = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== ''));
  return asked.size > 0 ? `${linkTo('runs')}?${asked}` : linkTo('runs');
}

/** Puts what is wanted into the address; not when a link has been followed meanwhile, of which the page hears a little later. */
export function keepRuns(wanted: Readonly<Record<string, string>>): void {
  if (/^#\/?runs(\?|$)/.test(location.hash)) history.replaceState(null, '', linkToRuns(wanted));
}
