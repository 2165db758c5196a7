/**
 * Live steps: what is to come, what is under way and what is done, each with its time.
 *
 * Promise: the usual way is laid out from the start, so that nothing jumps when a step arrives; each arrival is spoken
 * once; a lost connection is said and made good behind the last step that came.
 */
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { useEffect, useRef, useState } from 'react';
import { watch } from '../shared/client.ts';
import { useConnected } from '../shared/hooks.ts';
import { durationWords } from '../shared/words.ts';
import { statusWords, timeWords } from './words.ts';

export interface Step {
  seq: number;
  at: string;
  status: string;
  retryAt?: string | null;
}

export interface Way {
  label: string;
  /** The usual way, in order. */
  stops: readonly { status: string; words: string }[];
  /** Where it ends well. */
  good: string;
  /** Where it ends otherwise. */
  bad: readonly string[];
}

export const isOver = ({ good, bad }: Way, status: string | undefined): boolean =>
  status === good || bad.includes(status ?? '');

/**
 * Follows a story until it is over.
 * @param isOf false for a step of an earlier story; must not change from one rendering to the next
 */
export function useSteps<One extends Step, Variables extends Record<string, unknown>>(
  document: TypedDocumentNode<{ step: One }, Variables & { after?: number | null }>,
  variables: Variables,
  options: { way: Way; begins?: string; isOf?: (step: One) => boolean },
): { steps: readonly One[]; refusal: string | null } {
  const [steps, setSteps] = useState<readonly One[]>([]);
  const [refusal, setRefusal] = useState<string | null>(null);
  const key = JSON.stringify(variables);
  const now = useRef({ variables, options });
  now.current = { variables, options };
  useEffect(() => {
    let last = 0;
    setSteps([]);
    const stop = watch(document, () => ({ ...now.current.variables, after: last }), {
      onData: ({ step }) => {
        if (step.seq <= last) return;
        last = step.seq;
        const { way, begins, isOf } = now.current.options;
        if (isOf && !isOf(step)) return;
        setSteps((before) => (step.status === begins ? [step] : [...before, step]));
        // A story that can begin anew is watched on.
        if (begins === undefined && isOver(way, step.status)) stop();
      },
      onRefusal: setRefusal,
    });
    return stop;
  }, [document, key]);
  return { steps, refusal };
}

interface Seen {
  at: string;
  note: string | null;
  retryAt: string | null;
}

export function StepList<One extends Step>({ way, steps, noteOf }: StepListProps<One>) {
  const isConnected = useConnected();
  const seen = new Map<string, Seen>();
  for (const step of steps) {
    const { status, at, retryAt = null } = step;
    seen.set(status, { at: seen.get(status)?.at ?? at, retryAt, note: noteOf?.(step) ?? null });
  }
  const current = steps.at(-1);
  const order = [...seen.keys()];
  const stops = withUnusual(way, order).filter(
    // What was passed over is not shown as if it were still to come.
    ({ status }) => seen.has(status) || !isOver(way, current?.status),
  );
  return (
    <div className="live">
      <ol className="steps" aria-label={way.label}>
        {stops.map(({ status, words }) => {
          const fact = seen.get(status);
          const next = seen.get(order[order.indexOf(status) + 1] ?? '');
          const isCurrent = status === current?.status;
          const took = fact && next ? durationWords(Math.max(0, Date.parse(next.at) - Date.parse(fact.at))) : '';
          return (
            <li
              key={status}
              className={stateOf(way, status, { isSeen: fact !== undefined, isCurrent })}
              aria-current={isCurrent ? 'step' : undefined}
              data-status={status}
            >
              <span className="mark" aria-hidden="true" />
              <span className="words">{words}</span>
              <span className="took">{took}</span>
              {fact ? <time dateTime={fact.at}>{timeWords(fact.at)}</time> : <span />}
              <span className="note">{isCurrent && fact ? noteWords(fact) : ''}</span>
            </li>
          );
        })}
      </ol>
      <p className="unseen" aria-live="polite" role="status">
        {current ? spokenWords(way, current, seen.get(current.status)) : 'Waiting for the first step …'}
      </p>
      <p className="connection" role="status">
        {isConnected ? '' : 'The connection was lost. Connecting again; nothing is missed meanwhile.'}
      </p>
    </div>
  );
}

interface StepListProps<One extends Step> {
  way: Way;
  steps: readonly One[];
  noteOf?: (step: One) => string | null | undefined;
}

function stateOf({ good, bad }: Way, status: string, { isSeen, isCurrent }: { isSeen: boolean; isCurrent: boolean }) {
  if (!isSeen) return 'to-come';
  if (bad.includes(status)) return 'bad';
  return isCurrent && status !== good ? 'under-way' : 'done';
}

const noteWords = ({ retryAt, note }: Seen): string =>
  retryAt === null ? (note ?? '') : `It did not work yet; next try at ${timeWords(retryAt)}. Nothing is lost.`;

function spokenWords({ stops }: Way, { status }: Step, fact: Seen | undefined): string {
  const words = stops.find((stop) => stop.status === status)?.words ?? UNUSUAL[status] ?? statusWords(status);
  return [`${words}.`, fact?.retryAt ? 'It is being tried again.' : (fact?.note ?? '')].join(' ').trim();
}

/** The usual way, with what else happened set in where it happened. */
function withUnusual({ stops }: Way, order: readonly string[]) {
  const all = [...stops];
  for (const status of order) {
    if (all.some((stop) => stop.status === status)) continue;
    const before = order[order.indexOf(status) - 1];
    const place = all.findIndex((stop) => stop.status === before);
    all.splice(place + 1, 0, { status, words: UNUSUAL[status] ?? statusWords(status) });
  }
  return all;
}

const UNUSUAL: Readonly<Record<string, string>> = {
  REQUIRES_ACTION: 'Your bank wants to ask you',
  DECLINED: 'Your bank declined',
  CANCELLED: 'The order was cancelled',
  EXPIRED: 'The time to answer your bank is over',
  FULFILLING: 'Putting it into your library',
  NEEDS_CHANGES: 'Something needs to be mended',
  REJECTED: 'Refused',
  FAILED: 'It failed on our side',
  WITHDRAWN: 'Taken back',
};
