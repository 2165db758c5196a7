/** What stands beside the picture of a workflow: its stages in rows, and a stage or an event looked at closely. */
import { type ReactNode, useEffect, useRef } from 'react';
import type { Figures } from './figures.tsx';
import { figuresOf, type Stage, type Way, type Workflow } from './flow-layout.ts';
import { Panel, Since } from './parts.tsx';
import { linkToRuns } from './route.ts';
import { eventInWords } from './words.ts';
import { Facts, Scroll } from '../shared/parts.tsx';
import { durationWords, numberWords } from '../shared/words.ts';

/** The same in rows, for whoever reads better than they see. */
export function StageTable({
  workflow,
  byStage,
  onChoose,
}: {
  workflow: Workflow;
  byStage: ReadonlyMap<string, Figures>;
  onChoose: (stage: string) => void;
}) {
  return (
    <details>
      <summary>As a table</summary>
      <Scroll label={`The stages of ${workflow.name}, as a table`}>
        <table>
          <thead>
            <tr>
              <th>Stage</th>
              <th className="number">Waiting</th>
              <th className="number">In flight</th>
              <th className="number">Retrying</th>
              <th className="number">Dead</th>
              <th className="number">Per minute</th>
              <th className="number">p50</th>
              <th className="number">p99</th>
            </tr>
          </thead>
          <tbody>
            {workflow.stages.map((stage) => {
              const figures = byStage.get(stage.id);
              return (
                <tr key={stage.id}>
                  <th scope="row">
                    <button type="button" className="link" onClick={() => onChoose(stage.id)}>
                      {stage.name}
                    </button>
                  </th>
                  <td className="number">{figures?.waiting ?? 0}</td>
                  <td className="number">{figures?.inFlight ?? '–'}</td>
                  <td className="number">{figures?.retrying ?? 0}</td>
                  <td className="number">{figures?.parked ?? 0}</td>
                  <td className="number">{(figures?.perMinute ?? 0).toFixed(1)}</td>
                  <td className="number">{inWords(figures?.p50Ms)}</td>
                  <td className="number">{inWords(figures?.p99Ms)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

const inWords = (ms: number | null | undefined): string => (typeof ms === 'number' ? durationWords(ms) : '–');

export function WayPanel({
  way,
  graph,
  byStage,
  onClose,
}: {
  way: Way;
  graph: readonly Workflow[];
  byStage: ReadonlyMap<string, Figures>;
  onClose: () => void;
}) {
  const figures = figuresOf(byStage, way);
  const consumers = graph.flatMap(({ stages }) => stages).filter(({ on }) => on.includes(way.event));
  return (
    <Drawer name={way.event} title={eventInWords(way.event)} onClose={onClose}>
      <Facts
        facts={[
          ['Event', <code>{way.event}</code>],
          ['Returned by', way.stage.id],
          ['Consumed by', consumers.map(({ id }) => id).join(', ') || 'nobody: it ends the run'],
          ['Rate', `${(figures?.perMinute ?? 0).toFixed(1)} a minute`],
          ['Last passed', figures ? <Since at={figures.lastAt} /> : 'not in the last five minutes'],
        ]}
      />
    </Drawer>
  );
}

export function StagePanel({
  stage,
  figures,
  onClose,
}: {
  stage: Stage;
  figures: Figures | undefined;
  onClose: () => void;
}) {
  return (
    <Drawer name={stage.id} title={stage.id} onClose={onClose}>
      <Facts
        facts={[
          ['Consumes', stage.on.join(', ')],
          ['Returns', stage.emits.join(', ')],
          ['Tried', stage.retry],
          ['Time limit', stage.timeoutMs === null ? 'pure SQL' : durationWords(stage.timeoutMs)],
          ['Calls out', stage.callsOut ? 'yes' : 'no'],
          ['Can be undone', stage.compensates ? 'yes' : stage.pivot ? 'no: the point of no return' : 'nothing to undo'],
          ['Waiting', numberWords(figures?.waiting ?? 0)],
          ['In flight', figures?.inFlight ?? '–'],
          ['Retrying', numberWords(figures?.retrying ?? 0)],
          ['Dead', numberWords(figures?.parked ?? 0)],
          ['Rate', `${(figures?.perMinute ?? 0).toFixed(1)} a minute`],
          ['Failures', `${(figures?.failuresPerMinute ?? 0).toFixed(1)} a minute`],
          ['p50 and p99', `${inWords(figures?.p50Ms)}, ${inWords(figures?.p99Ms)}`],
          ...(figures?.events ?? []).map(
            ({ type, perMinute, lastAt }) =>
              [
                eventInWords(type),
                <>
                  {perMinute.toFixed(1)} a minute, last <Since at={lastAt} />
                </>,
              ] as const,
          ),
        ]}
      />
      <p>
        <a className="button" href={linkToRuns({ workflow: stage.id.split('.')[0] ?? '', stage: stage.id })}>
          Runs at this stage
        </a>
      </p>
    </Drawer>
  );
}

/** Beside what it tells of, which goes on being seen; whoever goes by keyboard is led into it and back. */
function Drawer({ name, title, onClose, children }: DrawerProps) {
  const place = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    place.current?.querySelector('button')?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEffect(() => {
    const leave = ({ key }: KeyboardEvent) => {
      if (key === 'Escape') onClose();
    };
    addEventListener('keydown', leave);
    return () => removeEventListener('keydown', leave);
  }, [onClose]);
  return (
    <aside className="drawer" aria-label={name} ref={place}>
      <Panel
        title={title}
        aside={
          <button type="button" onClick={onClose}>
            Close
          </button>
        }
      >
        {children}
      </Panel>
    </aside>
  );
}

interface DrawerProps {
  name: string;
  title: string;
  onClose: () => void;
  children: ReactNode;
}
