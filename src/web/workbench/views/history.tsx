/** History: what ever happened to one thing, and how it stood after any of its events. */
import { useState } from 'react';
import { useFigures } from '../figures.tsx';
import { MoreButton, usePages } from '../../shared/pages.tsx';
import { linkTo } from '../route.ts';
import { discloseEvent, history } from '../operations.ts';
import { State, Panel, Since } from '../parts.tsx';
import { Loading, Problem } from '../../shared/parts.tsx';
import { eventInWords, prettyJson, timeInWords } from '../words.ts';
import { Payload } from './payload.tsx';

const NONE = { nodes: [], pageInfo: { hasNextPage: false } };

export function HistoryView({ name }: { name: string }) {
  const [at, setAt] = useState<number | null>(null);
  const { tick } = useFigures();
  const pages = usePages(history, ({ subject }) => subject?.events ?? NONE, { name, at }, tick);
  const { error } = pages;
  const subject = pages.data?.subject;
  if (!subject) {
    return (
      <>
        <h1>{name}</h1>
        {pages.isThere || error !== null ? <Problem words={error ?? 'Nothing ever happened to it.'} /> : <Loading />}
      </>
    );
  }
  const seq = at ?? subject.lastSeq;
  return (
    <>
      <h1>{subject.name}</h1>
      <Problem words={error} />
      <div className="columns">
        <Panel title="Events" aside={`${subject.lastSeq} in all`}>
          <ol className="timeline">
            {pages.nodes.map((event) => (
              <li key={event.number} className={(event.seq ?? 0) <= seq ? 'done' : 'next'}>
                <h3>
                  <button type="button" className="link" onClick={() => setAt(event.seq)}>
                    {event.seq}. {eventInWords(event.type)}
                  </button>
                </h3>
                <p className="dim">
                  {event.stage ?? 'asked for'} · <time dateTime={event.at}>{timeInWords(event.at)}</time>
                </p>
                <Payload
                  payload={event.payload}
                  disclose={{
                    document: discloseEvent,
                    variables: { number: event.number },
                    read: ({ discloseEvent: told }) => ('payload' in told ? told.payload : null),
                  }}
                />
              </li>
            ))}
          </ol>
          <MoreButton pages={pages} />
        </Panel>
        <div>
          <Panel title={`As it stood after event ${seq}`}>
            <label className="slider">
              <span className="unseen">After which event</span>
              <input
                type="range"
                min={1}
                max={subject.lastSeq}
                value={seq}
                onChange={({ target }) => setAt(Number(target.value))}
              />
            </label>
            <pre tabIndex={0}>{prettyJson(subject.state)}</pre>
          </Panel>
          <Panel title="Runs">
            <ul className="bare">
              {subject.runs.map((run) => (
                <li key={run.id}>
                  <a href={linkTo('runs', run.id)}>{run.id}</a> <State>{run.state}</State> <Since at={run.startedAt} />
                </li>
              ))}
            </ul>
          </Panel>
        </div>
      </div>
    </>
  );
}
