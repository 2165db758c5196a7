/** Where the stages of a workflow stand in its picture, and the ways between them. */
import type { Edge, Node } from '@xyflow/react';
import type { Figures } from './figures.tsx';
import type { FlowsQuery } from './gql/graphql.ts';
import { eventInWords } from './words.ts';

export type Workflow = FlowsQuery['flowGraph'][number];
export type Stage = Workflow['stages'][number];

export interface StageData extends Record<string, unknown> {
  stage: Stage;
  figures: Figures | undefined;
}
export interface EndData extends Record<string, unknown> {
  words: string;
  isFailure: boolean;
}

/** The way of an event: from the stage that returned it. */
export interface Way {
  stage: Stage;
  event: string;
}

const COLUMN_PX = 244;
const ROW_PX = 82;
/** What style.css gives a stage and an end. */
const NODE_PX = { width: 178, height: 68 };
const END_DOWN_PX = 19;

/** The event whose way an edge is; none is that of an undoing. */
export function wayIn(workflow: Workflow, { source, data }: Edge): Way | null {
  const stage = workflow.stages.find(({ id }) => id === source);
  const event = data?.['event'];
  return stage && typeof event === 'string' ? { stage, event } : null;
}

export const figuresOf = (byStage: ReadonlyMap<string, Figures>, { stage, event }: Way) =>
  byStage.get(stage.id)?.events.find(({ type }) => type === event);

/** Stages from left to right by how far they are from the start; ends in the column behind their stage. */
export function lay(workflow: Workflow) {
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
      nodes.push({ id: target, type: 'end', position: beside(place(column)), data });
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
      const column = Math.max(...undone.map(({ id }) => depth.get(id) ?? 0)) + 1;
      nodes.push({ id: target, type: 'end', position: beside(place(column)), data });
    }
    for (const { id, name } of undone) {
      edges.push({ id: `${id}↩`, source: id, target, className: 'compensation', ariaLabel: `${name} is undone` });
    }
  }
  const columns = Math.max(1, ...rows.keys()) + 1;
  return {
    nodes,
    edges,
    columns,
    heightPx: (Math.max(...rows.values(), 1) - 1) * ROW_PX + NODE_PX.height,
    widthPx: (columns - 1) * COLUMN_PX + NODE_PX.width,
  };
}

/** An end is lower than a stage; their middles are on one line. */
const beside = ({ x, y }: { x: number; y: number }) => ({ x, y: y + END_DOWN_PX });

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
