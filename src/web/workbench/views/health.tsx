/** Health: every check of the last report, and how it was before. */
import { useCallback, useState } from 'react';
import { useLive, useQuery } from '../../shared/hooks.ts';
import { healthNow, healthUpdates } from '../operations.ts';
import { State, Empty, Panel, Since } from '../parts.tsx';
import { Loading, Problem } from '../../shared/parts.tsx';
import { durationWords } from '../../shared/words.ts';
import { instantInWords } from '../words.ts';

export function HealthView() {
  const [seen, setSeen] = useState(0);
  const take = useCallback(() => setSeen((count) => count + 1), []);
  useLive(healthUpdates, {}, take);
  const { data, error } = useQuery(healthNow, {}, seen);
  if (!data) return error === null ? <Loading /> : <Problem words={error} />;
  const { health } = data;
  return (
    <>
      <h1>Health {health && <State>{health.status}</State>}</h1>
      <Problem words={error} />
      {health ? (
        <Panel title="Checks" aside={<Since at={health.createdAt} />}>
          <ul className="checks">
            {health.checks.map(({ name, status, detail, durationMs }) => (
              <li key={name}>
                <State>{status}</State>
                <strong>{name}</strong>
                <span>{detail}</span>
                <span className="dim">{typeof durationMs === 'number' ? durationWords(durationMs) : ''}</span>
              </li>
            ))}
          </ul>
        </Panel>
      ) : (
        <Empty>No report yet: the first comes with the next full minute.</Empty>
      )}
      <Panel title="The last reports" aside="the newest on the right">
        <ol className="bars">
          {data.healthHistory.nodes.toReversed().map(({ slot, status }) => (
            <li key={slot} className={status.toLowerCase()} title={`${instantInWords(slot)}: ${status.toLowerCase()}`}>
              <span className="unseen">
                {instantInWords(slot)}: {status.toLowerCase()}
              </span>
            </li>
          ))}
        </ol>
      </Panel>
    </>
  );
}
