/** The small set of parts that all views are made of. */
import type { ReactNode } from 'react';
import { useNow } from '../shared/hooks.ts';
import { instantInWords, sinceInWords } from './words.ts';

type Tone = 'good' | 'bad' | 'busy' | 'wait' | 'plain';

const TONES: Readonly<Record<string, Tone>> = {
  COMPLETED: 'good',
  UP: 'good',
  REPLAYED: 'good',
  RUNNING: 'busy',
  COMPENSATING: 'wait',
  DEGRADED: 'wait',
  PARKED: 'bad',
  FAILED: 'bad',
  DOWN: 'bad',
  OPEN: 'bad',
};

export function Badge({ children, tone }: { children: string; tone?: Tone }) {
  return <span className={`badge ${tone ?? TONES[children] ?? 'plain'}`}>{children.toLowerCase()}</span>;
}

export function Since({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={instantInWords(at)}>
      {sinceInWords(at, now)}
    </time>
  );
}

export function Panel({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className="panel">
      <header>
        <h2>{title}</h2>
        {aside && <div className="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Refusal({ words }: { words: string | null }) {
  return words === null ? null : (
    <p className="refusal" role="alert">
      {words}
    </p>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What may be wider than the page: it can be reached and moved by keyboard. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

/** What is in words while the first answer is on its way. */
export function Loading() {
  return (
    <p className="empty" role="status">
      Loading …
    </p>
  );
}
