/** Flows: every workflow as it is declared, with what its stages are doing now. */
import { Background, BackgroundVariant, type Edge, Handle, type Node, Position, ReactFlow } from '@xyflow/react';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to give
import '@xyflow/react/dist/base.css';
import { useMemo, useState } from 'react';
import type { FlowsQuery } from '../gql/graphql.ts';
import { type Figures, useFigures, wayOf } from '../figures.tsx';
import { useNow, useQuery } from '../../shared/hooks.ts';
import { linkTo } from '../route.ts';
import { flows } from '../operations.ts';
import { Panel, Since } from '../parts.tsx';
import { Facts, Loading, Problem, Scroll } from '../../shared/parts.tsx';
import { count, durationInWords, eventInWords } from '../words.ts';

type Workflow = FlowsQuery['flowGraph'][number];
type Stage = Workflow['stages'][number];

interface StageData extends Record<string, unknown> {
  stage: Stage;
  figures: Figures | undefined;
}
interface EndData extends Record<string, unknown> {
  words: string;
  isFailure: boolean;
}

/** The way of an event: from the stage that returned it. */
interface Way {
  stage: Stage;
  event: string;
}

/** So long an edge moves after an event has passed. */
const MOVING_MS = 3_000;
const COLUMN_PX = 268;
const ROW_PX = 92;
/** Smaller than this it cannot be read: what is wider scrolls. */
const SCALE_MIN = 0.8;

export default function FlowsView() {
  const { data, error } = useQuery(flows, {});
  const { byStage } = useFigures();
  const [chosen, setChosen] = useState<string | null>(null);
  const [way, setWay] = useState<Way | null>(null);
  if (!data) return error === null ? <Loading /> : <Problem words={error} />;
  const stage = data.flowGraph.flatMap(({ stages }) => stages).find(({ id }) => id === chosen);
  return (
    <>
      <h1>Flows</h1>
      {data.flowGraph.map((workflow) => (
        <Flow
          key={workflow.name}
          workflow={workflow}
          byStage={byStage}
          onChoose={(id) => {
            setWay(null);
            setChosen(id);
          }}
          onChooseWay={(next) => {
            setChosen(null);
            setWay(next);
          }}
        />
      ))}
      {way && <WayPanel way={way} graph={data.flowGraph} byStage={byStage} onClose={() => setWay(null)} />}
      {stage && <StagePanel stage={stage} figures={byStage.get(stage.id)} onClose={() => setChosen(null)} />}
    </>
  );
}

function Flow({
  workflow,
  byStage,
  onChoose,
  onChooseWay,
}: {
  workflow: Workflow;
  byStage: ReadonlyMap<string, Figures>;
  onChoose: (stage: string) => void;
  onChooseWay: (way: Way) => void;
}) {
  const { passedAtMs } = useFigures();
  const now = useNow();
  const layout = useMemo(() => lay(workflow), [workflow]);
  const nodes: Node[] = layout.nodes.map((node) =>
    node.type === 'stage' ? { ...node, data: { ...node.data, figures: byStage.get(node.id) } } : node,
  );
  const edges: Edge[] = layout.edges.map((edge) => {
    const way = wayIn(workflow, edge);
    if (!way) return edge;
    const perMinute = figuresOf(byStage, way)?.perMinute ?? 0;
    const isMoving = now - (passedAtMs.get(wayOf(way.stage.id, way.event)) ?? 0) < MOVING_MS;
    return { ...edge, animated: isMoving, ...(perMinute > 0 && { label: `${perMinute.toFixed(1)}/min` }) };
  });
  return (
    <Panel
      title={workflow.name}
      aside={
        <>
          begins with <code>{workflow.startedBy}</code> · <a href={linkTo('runs')}>runs</a>
        </>
      }
    >
      <div className="flow-scroll" tabIndex={0} role="region" aria-label={`The picture of ${workflow.name}`}>
        <div className="flow" style={{ height: layout.heightPx, minWidth: layout.widthPx * SCALE_MIN }}>
          <ReactFlow
            nodes={nodes}
            edges={edges}
            nodeTypes={NODE_TYPES}
            onNodeClick={(_event, node) => {
              if (node.type === 'stage') onChoose(node.id);
            }}
            onEdgeClick={(_event, edge) => {
              const way = wayIn(workflow, edge);
              if (way) onChooseWay(way);
            }}
            nodesDraggable={false}
            nodesConnectable={false}
            zoomOnScroll={false}
            preventScrolling={false}
            fitView
            fitViewOptions={{ padding: 0.05, maxZoom: 1 }}
            panOnDrag={false}
            zoomOnPinch={false}
            zoomOnDoubleClick={false}
            minZoom={0.3}
            proOptions={{ hideAttribution: true }}
            aria-label={`The stages of ${workflow.name}`}
          >
            <Background variant={BackgroundVariant.Dots} gap={18} size={1} />
          </ReactFlow>
        </div>
      </div>
      {workflow.failsWith !== null && (
        <p className="dim">
          A stage that fails for good ends it with <code>{workflow.failsWith}</code>
          {workflow.stages.some(({ compensates }) => compensates) && '; what was done until then is undone (dashed)'}.
        </p>
      )}
      <StageTable workflow={workflow} byStage={byStage} onChoose={onChoose} />
    </Panel>
  );
}

/** The event whose way an edge is; none is that of an undoing. */
function wayIn(workflow: Workflow, { source, data }: Edge): Way | null {
  const stage = workflow.stages.find(({ id }) => id === source);
  const event = data?.['event'];
  return stage && typeof event === 'string' ? { stage, event } : null;
}

const figuresOf = (byStage: ReadonlyMap<string, Figures>, { stage, event }: Way) =>
  byStage.get(stage.id)?.events.find(({ type }) => type === event);

/** Stages from left to right by how far they are from the start; ends in the column behind their stage. */
function lay(workflow: Workflow) {
  const depth = depths(workflow);
  const rows = new Map<number, number>();
  const nodes: Node[] = [];
  const edges: Edge[] = [];
  const place = (column: number) => {
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    return { x: column * COLUMN_PX, y: row * ROW_PX };
  };
  for (const stage of workflow.stages) {
    const data: StageData = { stage, figures: undefined };
    nodes.push({ id: stage.id, type: 'stage', position: place(depth.get(stage.id) ?? 0), data });
  }
  // An end stands behind the last stage that leads to it, so that all ways go forward.
  for (const event of new Set(workflow.stages.flatMap(({ emits }) => emits))) {
    const from = workflow.stages.filter(({ emits }) => emits.includes(event));
    const next = workflow.stages.find(({ on }) => on.includes(event));
    const target = next?.id ?? `${workflow.name}/${event}`;
    if (!next) {
      const data: EndData = { words: eventInWords(event), isFailure: event === workflow.failsWith };
      const column = Math.max(...from.map(({ id }) => depth.get(id) ?? 0)) + 1;
      nodes.push({ id: target, type: 'end', position: place(column), data });
    }
    for (const { id, name } of from) {
      edges.push({ id: `${id}→${event}`, source: id, target, data: { event }, ariaLabel: `${name} returns ${event}` });
    }
  }
  const undone = workflow.stages.filter(({ compensates }) => compensates);
  if (workflow.failsWith !== null && undone.length > 0) {
    const target = `${workflow.name}/${workflow.failsWith}`;
    if (!nodes.some(({ id }) => id === target)) {
      const data: EndData = { words: eventInWords(workflow.failsWith), isFailure: true };
      nodes.push({ id: target, type: 'end', position: place(depth.get(undone[0]?.id ?? '') ?? 0), data });
    }
    for (const { id } of undone) edges.push({ id: `${id}↩`, source: id, target, className: 'compensation' });
  }
  const columns = Math.max(1, ...rows.keys()) + 1;
  return { nodes, edges, heightPx: Math.max(...rows.values(), 1) * ROW_PX + 40, widthPx: columns * COLUMN_PX };
}

function depths(workflow: Workflow): Map<string, number> {
  const found = new Map<string, number>();
  const visit = (stage: Stage, at: number, seen: ReadonlySet<string>) => {
    if (seen.has(stage.id) || (found.get(stage.id) ?? -1) >= at) return;
    found.set(stage.id, at);
    for (const event of stage.emits) {
      for (const next of workflow.stages.filter(({ on }) => on.includes(event))) {
        visit(next, at + 1, new Set([...seen, stage.id]));
      }
    }
  };
  const [first] = workflow.stages;
  if (first) visit(first, 0, new Set());
  return found;
}

function StageNode({ data }: { data: StageData }) {
  const { stage, figures } = data;
  const isBad = (figures?.parked ?? 0) > 0;
  return (
    <div className={`stage-node${stage.pivot ? ' pivot' : ''}${isBad ? ' bad' : ''}`}>
      <Handle type="target" position={Position.Left} />
      <strong>{stage.name}</strong>
      <span className="figures">
        {count(figures?.waiting ?? 0)} waiting
        {(figures?.retrying ?? 0) > 0 && <em> · {figures?.retrying} retrying</em>}
        {isBad && <b> · {figures?.parked} dead</b>}
      </span>
      <span className="figures">
        {(figures?.perMinute ?? 0).toFixed(1)}/min
        {figures?.p50Ms !== null && figures !== undefined && ` · p50 ${durationInWords(figures.p50Ms)}`}
      </span>
      <Handle type="source" position={Position.Right} />
    </div>
  );
}

function EndNode({ data }: { data: EndData }) {
  return (
    <div className={`end-node${data.isFailure ? ' bad' : ''}`}>
      <Handle type="target" position={Position.Left} />
      {data.words}
    </div>
  );
}

const NODE_TYPES = { stage: StageNode, end: EndNode };

/** The same in rows, for whoever reads better than they see. */
function StageTable({
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

const inWords = (ms: number | null | undefined): string => (typeof ms === 'number' ? durationInWords(ms) : '–');

function WayPanel({
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
    <aside className="drawer" aria-label={way.event}>
      <Panel
        title={eventInWords(way.event)}
        aside={
          <button type="button" onClick={onClose}>
            Close
          </button>
        }
      >
        <Facts
          facts={[
            ['Event', <code>{way.event}</code>],
            ['Returned by', way.stage.id],
            ['Consumed by', consumers.map(({ id }) => id).join(', ') || 'nobody: it ends the run'],
            ['Rate', `${(figures?.perMinute ?? 0).toFixed(1)} a minute`],
            ['Last passed', figures ? <Since at={figures.lastAt} /> : 'not in the last five minutes'],
          ]}
        />
      </Panel>
    </aside>
  );
}

function StagePanel({ stage, figures, onClose }: { stage: Stage; figures: Figures | undefined; onClose: () => void }) {
  return (
    <aside className="drawer" aria-label={stage.id}>
      <Panel
        title={stage.id}
        aside={
          <button type="button" onClick={onClose}>
            Close
          </button>
        }
      >
        <Facts
          facts={[
            ['Consumes', stage.on.join(', ')],
            ['Returns', stage.emits.join(', ')],
            ['Tried', stage.retry],
            ['Time limit', stage.timeoutMs === null ? 'pure SQL' : durationInWords(stage.timeoutMs)],
            ['Calls out', stage.callsOut ? 'yes' : 'no'],
            [
              'Can be undone',
              stage.compensates ? 'yes' : stage.pivot ? 'no: the point of no return' : 'nothing to undo',
            ],
            ['Failures', `${(figures?.failuresPerMinute ?? 0).toFixed(1)} a minute`],
            ['p99', inWords(figures?.p99Ms)],
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
          <a className="button" href={linkTo('runs')} onClick={() => sessionStorage.setItem('runs.stage', stage.id)}>
            Runs at this stage
          </a>
        </p>
      </Panel>
    </aside>
  );
}
