/** What views share: asking, watching, and where in the workbench one is. */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { client, connected, noticeRefusal, onConnection, watch } from './client.ts';

export interface Answer<Data> {
  data: Data | null;
  error: string | null;
  isLoading: boolean;
  again: () => void;
}

/**
 * Asks, and asks again whenever `tick` changes; what was there stays until the next answer is.
 * @param tick anything that changes when the answer may have
 */
export function useQuery<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  tick: unknown = 0,
): Answer<Data> {
  const [state, setState] = useState<{ data: Data | null; error: string | null; isLoading: boolean }>({
    data: null,
    error: null,
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  const key = JSON.stringify(variables);
  const asked = useRef(variables);
  asked.current = variables;
  useEffect(() => {
    let isCurrent = true;
    setState((before) => ({ ...before, isLoading: true }));
    void client
      .query(document, asked.current)
      .toPromise()
      .then(({ data, error }) => {
        if (!isCurrent) return;
        const words = error ? wordsOf(error) : null;
        setState((before) => ({ data: data ?? before.data, error: words, isLoading: false }));
      });
    return () => {
      isCurrent = false;
    };
  }, [document, key, tick, round]);
  return { ...state, again: useCallback(() => setRound((count) => count + 1), []) };
}

/** Watches for as long as it is shown. @param onData must not change from one rendering to the next */
export function useLive<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  onData: (data: Data) => void,
): void {
  const key = JSON.stringify(variables);
  const asked = useRef(variables);
  asked.current = variables;
  useEffect(() => watch(document, asked.current, onData), [document, key, onData]);
}

/** @returns what to tell a person; null when it was done */
export async function act<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<{ data: Data | null; refusal: string | null }> {
  const { data, error } = await client.mutation(document, variables).toPromise();
  if (error) return { data: null, refusal: wordsOf(error) };
  return { data: data ?? null, refusal: refusalIn(data) };
}

/** The message of a typed error, whichever mutation gave it. */
function refusalIn(data: unknown): string | null {
  if (typeof data !== 'object' || data === null) return null;
  for (const answer of Object.values(data)) {
    if (typeof answer === 'object' && answer !== null && 'message' in answer && typeof answer.message === 'string')
      return answer.message;
  }
  return null;
}

function wordsOf(error: { networkError?: unknown; graphQLErrors: { message: string; extensions: object }[] }): string {
  const [first] = error.graphQLErrors;
  if (!first) return 'Booky Hub cannot be reached. Trying again …';
  noticeRefusal('code' in first.extensions ? first.extensions.code : null);
  return first.message;
}

const subscribeHash = (listener: () => void) => {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
};

/** Where one is: `#/runs/purchase%2F7` → ['runs', 'purchase/7'] */
export function useRoute(): string[] {
  const hash = useSyncExternalStore(subscribeHash, () => location.hash);
  return hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
}

export const linkTo = (...parts: string[]): string => `#/${parts.map(encodeURIComponent).join('/')}`;

export const useConnected = (): boolean => useSyncExternalStore(onConnection, connected);

/** The time, anew each second, so that "3 s ago" stays true. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** What stands in a field of a form; an empty text for a file, which no form of ours has. */
export function wordIn(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}
