/** Clock: what is done by the clock, when it was and will be, and what waits for its time. */
import { useState } from 'react';
import { useFigures } from '../figures.tsx';
import { act, useQuery } from '../../shared/hooks.ts';
import { linkTo } from '../route.ts';
import { clockList, runSchedule } from '../operations.ts';
import { Empty, Panel, Since } from '../parts.tsx';
import { Loading, Problem, Scroll } from '../../shared/parts.tsx';
import { instantInWords } from '../words.ts';

export function ClockView() {
  const { tick } = useFigures();
  const { data, error, again } = useQuery(clockList, {}, tick);
  const [told, setTold] = useState<string | null>(null);
  if (!data) return error === null ? <Loading /> : <Problem words={error} />;
  const runNow = async (name: string) => {
    const { refusal } = await act(runSchedule, { name });
    setTold(refusal ?? `${name} was asked for.`);
    again();
  };
  return (
    <>
      <h1>Clock</h1>
      <p role="status" className="told">
        {told}
      </p>
      <Problem words={error} />
      <Panel title="Schedules">
        <Scroll label="Schedules">
          <table>
            <thead>
              <tr>
                <th>Name</th>
                <th>When</th>
                <th>Next</th>
                <th>Last</th>
                <th>By</th>
                <th>
                  <span className="unseen">Run</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {data.schedules.map(({ name, cron, nextAt, lastSlots: [last] }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  <td>
                    <code>{cron}</code>
                  </td>
                  <td>{nextAt ? <Since at={nextAt} /> : '–'}</td>
                  <td>{last ? <Since at={last.at} /> : 'never'}</td>
                  <td className="dim">{last?.claimedBy ?? ''}</td>
                  <td>
                    <button type="button" onClick={() => void runNow(name)}>
                      Run now
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </Panel>
      <Panel title="Timers" aside={data.timers.pageInfo.hasNextPage ? 'the next 50' : null}>
        {data.timers.nodes.length === 0 ? (
          <Empty>Nothing waits for its time.</Empty>
        ) : (
          <Scroll label="Timers">
            <table>
              <thead>
                <tr>
                  <th>Due</th>
                  <th>Stage</th>
                  <th>Run</th>
                  <th>Because</th>
                </tr>
              </thead>
              <tbody>
                {data.timers.nodes.map(({ dueAt, stage, compensates, run }) => (
                  <tr key={`${stage} ${run?.id ?? ''} ${dueAt}`}>
                    <th scope="row" title={instantInWords(dueAt)}>
                      <Since at={dueAt} />
                    </th>
                    <td>
                      {stage}
                      {compensates && ' (to be undone)'}
                    </td>
                    <td>{run ? <a href={linkTo('runs', run.id)}>{run.id}</a> : '–'}</td>
                    <td className="dim reason">{run?.lastError ?? 'it waits for something outside'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
      </Panel>
    </>
  );
}
