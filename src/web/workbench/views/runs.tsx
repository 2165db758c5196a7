/** Runs: found by what a support person has at hand; the list is live and as long as one scrolls. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useRef, useState } from 'react';
import { client } from '../../shared/client.ts';
import { useFigures } from '../figures.tsx';
import type { RunFilter, RunListQuery, RunState } from '../gql/graphql.ts';
import { askedFor, keepRuns, linkTo } from '../route.ts';
import { runList } from '../operations.ts';
import { State, Empty, Since } from '../parts.tsx';
import { Problem } from '../../shared/parts.tsx';

type Run = RunListQuery['runs']['nodes'][number];
const STATES: readonly RunState[] = ['RUNNING', 'COMPENSATING', 'PARKED', 'FAILED', 'CANCELLED', 'COMPLETED'];
const AGES = [
  ['', 'any time'],
  ['900000', 'the last 15 minutes'],
  ['86400000', 'the last day'],
  ['604800000', 'the last week'],
] as const;
const ROW_PX = 58;
const TYPING_MS = 250;

interface Wanted {
  search: string;
  workflow: string;
  state: string;
  stage: string;
  error: string;
  ageMs: string;
}

function wantedHere(): Wanted {
  const asked = askedFor();
  const word = (name: string) => asked.get(name) ?? '';
  const ageMs = AGES.find(([age]) => age === word('ageMs'))?.[0] ?? '';
  return {
    search: word('search'),
    workflow: word('workflow'),
    state: word('state'),
    stage: word('stage'),
    error: word('error'),
    ageMs,
  };
}

export function RunsView() {
  const [wanted, setWanted] = useState(wantedHere);
  useEffect(() => {
    const followLink = () => setWanted(wantedHere());
    addEventListener('hashchange', followLink);
    return () => removeEventListener('hashchange', followLink);
  }, []);
  // The address keeps what is wanted, for a reload and for whoever is sent the link.
  useEffect(() => {
    const timer = setTimeout(() => keepRuns({ ...wanted }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const { byStage } = useFigures();
  const workflows = [...new Set([...byStage.keys()].map((stage) => stage.split('.')[0] ?? ''))];
  const change = (part: Partial<Wanted>) => setWanted((before) => ({ ...before, ...part }));
  return (
    <>
      <h1>Runs</h1>
      <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <label className="wide">
          Find
          <input
            type="search"
            value={wanted.search}
            placeholder="An order’s, edition’s or request’s id, a trace, a run, an e-mail address"
            onChange={({ target }) => change({ search: target.value })}
          />
        </label>
        <Choice
          label="Workflow"
          value={wanted.workflow}
          options={workflows}
          onChange={(workflow) => change({ workflow, stage: '' })}
        />
        <Choice label="State" value={wanted.state} options={STATES} onChange={(state) => change({ state })} />
        <Choice
          label="Stage"
          value={wanted.stage}
          options={[...byStage.keys()].filter(
            (stage) => wanted.workflow === '' || stage.startsWith(`${wanted.workflow}.`),
          )}
          onChange={(stage) => change({ stage })}
        />
        <label>
          Begun
          <select value={wanted.ageMs} onChange={({ target }) => change({ ageMs: target.value })}>
            {AGES.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <label>
          Error says
          <input value={wanted.error} onChange={({ target }) => change({ error: target.value })} />
        </label>
      </form>
      <RunList wanted={wanted} />
    </>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: readonly string[];
  onChange: (value: string) => void;
}) {
  return (
    <label>
      {label}
      <select value={value} onChange={({ target }) => onChange(target.value)}>
        <option value="">any</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}

function filterOf({ search, workflow, state, stage, error, ageMs }: Wanted): RunFilter {
  const wantedState = STATES.find((one) => one === state);
  return {
    ...(search.trim() && { search: search.trim() }),
    ...(workflow && { workflow }),
    ...(wantedState && { state: wantedState }),
    ...(stage && { stage }),
    ...(error.trim() && { error: error.trim() }),
    ...(ageMs && { startedAfter: new Date(Date.now() - Number(ageMs)).toISOString() }),
  };
}

/** The pages that were scrolled through; the first is asked for again whenever the figures move. */
function RunList({ wanted }: { wanted: Wanted }) {
  const { tick } = useFigures();
  const [pages, setPages] = useState<{ runs: Run[]; end: string | null }>({ runs: [], end: null });
  const [error, setError] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const place = useRef<HTMLDivElement>(null);
  const key = JSON.stringify(wanted);
  const following = useRef<string | null>(null);
  const asked = useRef(key);
  asked.current = key;
  const load = useCallback(
    async (after: string | null) => {
      const { data, error: failed } = await client.query(runList, { filter: filterOf(wanted), after }).toPromise();
      // An answer to what was wanted before must not be mixed with the runs that are wanted now.
      if (asked.current !== key) return;
      setError(failed ? (failed.graphQLErrors[0]?.message ?? 'Booky Hub cannot be reached.') : null);
      setLoading(false);
      if (!data) {
        following.current = null;
        return;
      }
      const { nodes, pageInfo } = data.runs;
      const end = pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null;
      setPages((before) => {
        if (after !== null) return { runs: unique([...before.runs, ...nodes]), end };
        const older = before.runs.filter(({ id }) => !nodes.some((run) => run.id === id));
        return before.runs.length > nodes.length && older.length > 0
          ? { runs: unique([...nodes, ...older]), end: before.end }
          : { runs: nodes, end };
      });
    },
    [key],
  );
  useEffect(() => {
    following.current = null;
    setPages({ runs: [], end: null });
    setLoading(true);
    const timer = setTimeout(() => void load(null), TYPING_MS);
    return () => clearTimeout(timer);
  }, [load]);
  useEffect(() => {
    if (tick > 0) void load(null);
  }, [tick, load]);
  const { runs, end } = pages;
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    getItemKey: (index) => runs[index]?.id ?? index,
  });
  const shown = rows.getVirtualItems();
  const isAtEnd = (shown.at(-1)?.index ?? 0) >= runs.length - 5;
  useEffect(() => {
    if (!isAtEnd || end === null || following.current === end) return;
    following.current = end;
    void load(end);
  }, [isAtEnd, end, load]);
  return (
    <section className="panel" aria-busy={isLoading}>
      <Problem words={error} />
      {runs.length === 0 && <Empty>{isLoading ? 'Loading …' : 'No run is like that.'}</Empty>}
      <div className="virtual" ref={place} tabIndex={0} role="region" aria-label="The runs that were found">
        <ul style={{ height: rows.getTotalSize() }}>
          {shown.map(({ index, start, key: rowKey }) => {
            const run = runs[index];
            return run ? (
              <li key={rowKey} style={{ transform: `translateY(${start}px)`, height: ROW_PX }}>
                <a href={linkTo('runs', run.id)}>
                  <span className="what">
                    <strong>{run.id}</strong>
                    <span className="dim">{run.subject}</span>
                  </span>
                  <span className="where">
                    {run.stage}
                    {run.failures > 0 && <em> · try {run.failures + 1}</em>}
                    {run.lastError && <span className="dim error">{run.lastError}</span>}
                  </span>
                  <State>{run.state}</State>
                  <Since at={run.startedAt} />
                </a>
              </li>
            ) : null;
          })}
        </ul>
      </div>
    </section>
  );
}

const unique = (runs: readonly Run[]): Run[] => [...new Map(runs.map((run) => [run.id, run])).values()];
