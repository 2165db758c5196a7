/** Lists that come page by page, each behind the cursor of the one before. */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useState } from 'react';
import { client } from './client.ts';
import { useQuery } from './hooks.ts';

const PAGE_SIZE = 50;

interface Page<Node> {
  nodes: readonly Node[];
  pageInfo: { hasNextPage: boolean; endCursor?: string | null };
}

export interface Pages<Node, Data> {
  isThere: boolean;
  error: string | null;
  code: string | null;
  again: () => void;
  nodes: readonly Node[];
  /** Of the first page. */
  data: Data | null;
  hasMore: boolean;
  showMore: () => Promise<void>;
  problem: string | null;
}

/** @param tick as of `useQuery`; once more than the first page is shown, nothing moves until `again` */
export function usePages<Node, Data, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<Data, Variables & { first: number; after?: string | null }>,
  pageIn: (data: Data) => Page<Node>,
  variables: Variables,
  tick: unknown = 0,
): Pages<Node, Data> {
  const [more, setMore] = useState<readonly Page<Node>[]>([]);
  const asked = { ...variables, first: PAGE_SIZE };
  const { data, error, code, again } = useQuery(document, { ...asked, after: null }, more.length === 0 && tick);
  const [problem, setProblem] = useState<string | null>(null);
  const pages = data ? [pageIn(data), ...more] : [];
  const last = pages.at(-1)?.pageInfo;
  const showMore = async () => {
    const answer = await client.query(document, { ...asked, after: last?.endCursor ?? null }).toPromise();
    setProblem(answer.error ? 'More could not be fetched.' : null);
    const fresh = answer.data ? pageIn(answer.data) : null;
    if (fresh) setMore((before) => [...before, fresh]);
  };
  return {
    isThere: data !== null,
    error,
    code,
    again: () => {
      setMore([]);
      again();
    },
    nodes: pages.flatMap(({ nodes }) => nodes),
    data,
    hasMore: last?.hasNextPage ?? false,
    showMore,
    problem,
  };
}

export function MoreButton({ pages }: { pages: Pick<Pages<unknown, unknown>, 'hasMore' | 'showMore' | 'problem'> }) {
  if (!pages.hasMore) return null;
  return (
    <button type="button" className="more" onClick={() => void pages.showMore()}>
      {pages.problem === null ? 'Show more' : `${pages.problem} Show more`}
    </button>
  );
}
