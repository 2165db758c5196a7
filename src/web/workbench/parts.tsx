/** The parts that only the workbench's views are made of. */
import type { ReactNode } from 'react';
import { useNow } from '../shared/hooks.ts';
import { Badge, type Tone } from '../shared/parts.tsx';
import { instantInWords, sinceInWords } from './words.ts';

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

/** A state in words, in the colour that it has everywhere. */
export const State = ({ children, tone }: { children: string; tone?: Tone }) => (
  <Badge tone={tone ?? TONES[children] ?? ''}>{children.toLowerCase()}</Badge>
);

export function Since({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={instantInWords(at)}>
      {sinceInWords(at, now)}
    </time>
  );
}

interface PanelProps {
  title: string;
  aside?: ReactNode;
  className?: string | undefined;
  children: ReactNode;
}

export function Panel({ title, aside, className = '', children }: PanelProps) {
  return (
    <section className={`panel ${className}`}>
      <header>
        <h2>{title}</h2>
        {aside && <div className="aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ReactNode }) {
  return <p className="hint">{children}</p>;
}
