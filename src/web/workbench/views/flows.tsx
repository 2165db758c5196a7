/** Flows: every workflow as it is declared, with what its stages are doing now. */
import { Background, BackgroundVariant, type Edge, Handle, type Node, Position, ReactFlow } from '@xyflow/react';
// oxlint-disable-next-line import/no-unassigned-import -- a style sheet has nothing to give
import '@xyflow/react/dist/base.css';
import { useMemo, useState } from 'react';
import { type Figures, useFigures, wayOf } from '../figures.tsx';
import { useNow, useQuery } from '../../shared/hooks.ts';
import { linkToRuns } from '../route.ts';
import { flows } from '../operations.ts';
import { type EndData, figuresOf, lay, type StageData, type Way, wayIn, type Workflow } from '../flow-layout.ts';
import { StagePanel, StageTable, WayPanel } from '../flow-panels.tsx';
import { Panel } from '../parts.tsx';
import { Loading, Problem } from '../../shared/parts.tsx';
import { durationWords, numberWords } from '../../shared/words.ts';

/** So long an edge moves after an event has passed. */
const MOVING_MS = 3_000;
/** So large is everything, whatever it stands in: what is wider scrolls. */
const SCALE = 0.85;
const MARGIN_PX = 12;
/** A picture with more columns than these has the whole width. */
const COLUMNS_BESIDE = 2;

const drawnPx = (px: number): number => px * SCALE + 2 * MARGIN_PX;

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
      <div className="flows">
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
      </div>
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
      className={layout.columns > COLUMNS_BESIDE ? 'wide' : undefined}
      aside={
        <a href={linkToRuns({ workflow: workflow.name })} aria-label={`Runs of ${workflow.name}`}>
          Runs
        </a>
      }
    >
      <p className="dim">
        begins with <code>{workflow.startedBy}</code>
      </p>
      <div className="flow-scroll" tabIndex={0} role="region" aria-label={`The picture of ${workflow.name}`}>
        <div className="flow" style={{ height: drawnPx(layout.heightPx), minWidth: drawnPx(layout.widthPx) }}>
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
            // By keyboard one comes to the buttons in the stages; what they open tells of the ways too.
            nodesFocusable={false}
            edgesFocusable={false}
            zoomOnScroll={false}
            preventScrolling={false}
            defaultViewport={{ x: MARGIN_PX, y: MARGIN_PX, zoom: SCALE }}
            panOnDrag={false}
            zoomOnPinch={false}
            zoomOnDoubleClick={false}
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

function StageNode({ data }: { data: StageData }) {
  const { stage, figures } = data;
  const isBad = (figures?.parked ?? 0) > 0;
  return (
    <div className={`stage-node${stage.pivot ? ' pivot' : ''}${isBad ? ' bad' : ''}`}>
      <Handle type="target" position={Position.Left} />
      {/* A click on it is one on the node. */}
      <button type="button" className="link" aria-label={stage.id}>
        {stage.name}
      </button>
      <span className="figures">
        {numberWords(figures?.waiting ?? 0)} waiting
        {(figures?.retrying ?? 0) > 0 && <em> · {figures?.retrying} retrying</em>}
        {isBad && <b> · {figures?.parked} dead</b>}
      </span>
      <span className="figures">
        {(figures?.perMinute ?? 0).toFixed(1)}/min
        {figures?.p50Ms !== null && figures !== undefined && ` · p50 ${durationWords(figures.p50Ms)}`}
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
