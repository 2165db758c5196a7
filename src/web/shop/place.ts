/** Where in the shop one is, and how one goes elsewhere: by the address, so that it can be shared and gone back from. */
import { useSyncExternalStore } from 'react';

const moved = new EventTarget();
/** Somebody went somewhere and has not arrived: the view is not there yet. */
let isOnTheWay = false;
/** Grows with each: who goes where one is already begins there anew. */
let moves = 0;
const leave = () => {
  isOnTheWay = true;
  moves += 1;
};
addEventListener('popstate', leave);

/** Whether this is where somebody went; true once. Where one begins, nothing is taken from whoever types already. */
export function arrive(): boolean {
  const isHere = isOnTheWay;
  isOnTheWay = false;
  return isHere;
}

export function go(path: string): void {
  history.pushState(null, '', path);
  leave();
  moved.dispatchEvent(new Event('move'));
  scrollTo(0, 0);
}

/** Changes the address without going anywhere. */
export function rewrite(path: string): void {
  history.replaceState(null, '', path);
}

function subscribe(listener: () => void): () => void {
  moved.addEventListener('move', listener);
  addEventListener('popstate', listener);
  return () => {
    moved.removeEventListener('move', listener);
    removeEventListener('popstate', listener);
  };
}

export const usePath = (): string => useSyncExternalStore(subscribe, () => location.pathname);
export const useMoves = (): number => useSyncExternalStore(subscribe, () => moves);

export const pathOf = {
  subject: (subject: string) => `/app?subject=${encodeURIComponent(subject)}`,
  book: (id: string) => `/app/books/${encodeURIComponent(id)}`,
  order: (id: string) => `/app/orders/${encodeURIComponent(id)}`,
  manuscript: (id: string) => `/app/desk/${encodeURIComponent(id)}`,
  reading: (id: string) => `/app/read/${encodeURIComponent(id)}`,
};

/** Links of ours are followed within the page; a place within this page only, lest an address become a trap. */
export const isOurs = (path: string): boolean => /^\/app(\/|\?|$)/.test(path);

export function followLinks(event: MouseEvent): void {
  const anchor = event.target instanceof Element ? event.target.closest('a') : null;
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!anchor || !isPlain || anchor.target !== '' || anchor.origin !== location.origin) return;
  if (!isOurs(anchor.pathname) || anchor.hash !== '') return;
  event.preventDefault();
  go(anchor.pathname + anchor.search);
}
