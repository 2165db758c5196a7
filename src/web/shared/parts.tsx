/** The small set of parts that the views of both pages are made of; they wear base.css. */
import type { ReactNode } from 'react';

export type Tone = 'good' | 'bad' | 'busy' | 'wait' | '';

export const Badge = ({ tone = '', children }: { tone?: Tone; children: ReactNode }) => (
  <span className={`badge ${tone}`}>{children}</span>
);

/** What stands in the way, told at once to who goes by ear; nothing where nothing does. */
export function Problem({ words }: { words: ReactNode }) {
  return words === null || words === '' ? null : (
    <p className="problem" role="alert">
      {words}
    </p>
  );
}

/** While the first answer is on its way. */
export function Loading() {
  return (
    <p className="hint" role="status">
      Loading …
    </p>
  );
}

/** Names and values; those without a value are left out. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== null && value !== '' && value !== false)
        .map(([name, value]) => (
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
