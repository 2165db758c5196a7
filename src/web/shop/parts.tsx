/** The parts that only the shop's views are made of. */
import { type ReactNode, useEffect, useRef } from 'react';
import { Loading } from '../shared/parts.tsx';
import { arrive } from './place.ts';
import { makersOf } from './words.ts';

/** A view: its title stands in the window too, and is where whoever goes by ear lands. */
export function View({ title, heading = title, className, children }: ViewProps) {
  useEffect(() => {
    document.title = title === '' ? 'Booky Hub' : `${title} · Booky Hub`;
  }, [title]);
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    if (arrive()) place.current?.querySelector('h1')?.focus({ preventScroll: true });
  }, []);
  return (
    <section className={className} ref={place}>
      {typeof heading === 'string' && heading !== '' ? <h1 tabIndex={-1}>{heading}</h1> : heading}
      {children}
    </section>
  );
}

interface ViewProps {
  title: string;
  /** (Default: the title) */
  heading?: ReactNode;
  className?: string;
  children: ReactNode;
}

/** Where something is missing, with a way on. */
export function Notice({ title, words, children }: { title: string; words: string; children: ReactNode }) {
  return (
    <View title={title} className="notice-page">
      <p>{words}</p>
      <p>{children}</p>
    </View>
  );
}

/** What an answer of the API was not, in place of the view that it would have been. */
function Failure({ error, code, again }: { error: string; code: string | null; again: () => void }) {
  if (code === 'UNAUTHENTICATED') {
    const back = encodeURIComponent(location.pathname + location.search);
    return (
      <Notice title="Sign in first" words="This page is yours alone.">
        <a href={`/app/account?next=${back}`}>Sign in</a>
      </Notice>
    );
  }
  if (code === 'BAD_ID' || code === 'NOT_FOUND' || code === 'VALIDATION') return <Missing />;
  return (
    <Notice title="That did not work" words={error}>
      <button type="button" onClick={again}>
        Try again
      </button>
    </Notice>
  );
}

/** In place of a view whose answer is not there yet, or will not come. */
export function Waiting({ error, code, again }: { error: string | null; code: string | null; again: () => void }) {
  return error === null ? <Loading /> : <Failure error={error} code={code} again={again} />;
}

export function Missing({ title = 'There is no such page' }: { title?: string }) {
  return (
    <Notice title={title} words="It does not exist, or it is not yours.">
      <a href="/app">To the shop</a>
    </Notice>
  );
}

interface CoverProps {
  book: {
    title: string;
    contributors: readonly { name: string; role: string }[];
    covers: readonly { url: string; width: number; height: number }[];
  };
  /** As shown. */
  widthPx: number;
  isEager?: boolean;
}

const HUES = 8;

/** In a box that never changes its size; drawn from the title where there is no picture. */
export function Cover({ book: { title, contributors, covers }, widthPx, isEager = false }: CoverProps) {
  const [first] = covers;
  if (!first) {
    return (
      <div className={`cover drawn hue-${hueOf(title)}`} aria-hidden="true">
        <span className="drawn-title">{title}</span>
        <span className="drawn-maker">{makersOf(contributors)}</span>
      </div>
    );
  }
  return (
    <div className="cover">
      <img
        src={first.url}
        srcSet={covers.map(({ url, width }) => `${url} ${width}w`).join(', ')}
        sizes={`${widthPx}px`}
        width={first.width}
        height={first.height}
        alt=""
        loading={isEager ? 'eager' : 'lazy'}
        decoding="async"
      />
    </div>
  );
}

function hueOf(title: string): number {
  let sum = 0;
  for (const sign of title) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 65_521;
  return sum % HUES;
}

/** Only http addresses become links: what comes from elsewhere may say anything. */
export const safeUrl = (url: string | null | undefined): string | undefined =>
  url != null && /^https?:\/\//i.test(url) ? url : undefined;
