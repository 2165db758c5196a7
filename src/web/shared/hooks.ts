/** What views of both pages share: asking, acting, watching. */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { client, connected, isPassing, noticeRefusal, onConnection, Patience, watch } from './client.ts';

export interface Answer<Data> {
  data: Data | null;
  error: string | null;
  /** The API's code of it; null when it could not be reached. */
  code: string | null;
  isLoading: boolean;
  again: () => void;
}

/**
 * Asks, and asks again whenever `tick` changes, or after a while when it could not be answered for now; what was there stays
 * until the next answer is.
 * @param tick anything that changes when the answer may have
 */
export function useQuery<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  tick: unknown = 0,
): Answer<Data> {
  const [state, setState] = useState<Omit<Answer<Data>, 'again'>>({
    data: null,
    error: null,
    code: null,
    isLoading: true,
  });
  const [round, setRound] = useState(0);
  const key = JSON.stringify(variables);
  const asked = useRef(variables);
  asked.current = variables;
  useEffect(() => {
    let isCurrent = true;
    const patience = new Patience();
    const ask = async (): Promise<void> => {
      setState((before) => ({ ...before, isLoading: true }));
      const { data, error } = await client.query(document, asked.current).toPromise();
      if (!isCurrent) return;
      const told = error ? { error: wordsOf(error), code: codeOf(error) } : { error: null, code: null };
      setState((before) => ({ data: data ?? before.data, ...told, isLoading: false }));
      if (error && (error.networkError || isPassing(told.code))) patience.later(() => void ask());
    };
    void ask();
    return () => {
      isCurrent = false;
      patience.reset();
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
  useEffect(() => watch(document, () => asked.current, { onData }), [document, key, onData]);
}

/** @returns what to tell a person; null when it was done */
export async function act<Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<{ data: Data | null; refusal: string | null }> {
  const { data, error } = await client.mutation(document, variables).toPromise();
  // What may have been done already is not done again by itself.
  if (error) return { data: null, refusal: wordsOf(error, 'Booky Hub cannot be reached. Try again.') };
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

interface AskError {
  networkError?: unknown;
  graphQLErrors: { message: string; extensions: object }[];
}

function wordsOf(error: AskError, unreached = 'Booky Hub cannot be reached. Trying again …'): string {
  const [first] = error.graphQLErrors;
  if (!first) return unreached;
  noticeRefusal(codeOf(error));
  return first.message;
}

function codeOf({ graphQLErrors: [first] }: AskError): string | null {
  const code: unknown = first && 'code' in first.extensions ? first.extensions.code : null;
  return typeof code === 'string' ? code : null;
}

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
