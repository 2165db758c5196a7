/** The flow graph: the declarations as data, for the workbench, the README's picture and anyone who asks the API. */
import { describeRetry } from './retry.ts';
import { stageId, type Workflow } from './workflow.ts';

export interface FlowGraph {
  workflows: FlowWorkflow[];
}

export interface FlowWorkflow {
  name: string;
  startedBy: string;
  failsWith: string | null;
  stages: FlowStage[];
  /** The events that end a run. */
  ends: string[];
}

export interface FlowStage {
  /** `workflow.stage` */
  id: string;
  name: string;
  on: string[];
  emits: string[];
  pivot: boolean;
  compensates: boolean;
  callsOut: boolean;
  retry: string;
  /** Null for stages that are pure SQL. */
  timeoutMs: number | null;
}

export function flowGraph<Services>(workflows: readonly Workflow<Services>[]): FlowGraph {
  return {
    workflows: workflows.map((workflow) => ({
      name: workflow.name,
      startedBy: workflow.startedBy,
      failsWith: workflow.failsWith?.event.type ?? null,
      stages: workflow.stages.map((stage) => ({
        id: stageId(workflow, stage),
        name: stage.name,
        on: [stage.on.type],
        emits: stage.emits.map((event) => event.type),
        pivot: stage.pivot,
        compensates: stage.compensate !== undefined,
        callsOut: stage.run !== undefined,
        retry: describeRetry(stage.retry),
        timeoutMs: stage.run ? stage.timeoutMs : null,
      })),
      ends: [
        ...new Set(
          workflow.stages.flatMap((stage) => stage.emits.filter((event) => event.terminal).map((event) => event.type)),
        ),
      ],
    })),
  };
}

/** Stages behind which there is no way back: each workflow's pivot, and what follows it. What they do is owed. */
export function stagesOfNoReturn({ workflows }: FlowGraph): ReadonlySet<string> {
  return new Set(
    workflows.flatMap(({ stages }) => {
      const pivot = stages.findIndex((stage) => stage.pivot);
      return pivot === -1 ? [] : stages.slice(pivot).map(({ id }) => id);
    }),
  );
}

/** The graph as Mermaid text, one picture per workflow. */
export function flowMermaid(graph: FlowGraph): string {
  const lines = ['flowchart LR'];
  for (const workflow of graph.workflows) {
    lines.push(`  subgraph ${workflow.name}`);
    for (const stage of workflow.stages) {
      const marks = [stage.pivot && 'pivot', stage.compensates && 'can be undone'].filter(Boolean).join(', ');
      lines.push(`    ${node(stage.id)}["${stage.name}${marks ? `<br/><i>${marks}</i>` : ''}"]`);
    }
    for (const stage of workflow.stages) {
      for (const event of stage.emits) {
        const next = workflow.stages.find((candidate) => candidate.on.includes(event));
        const end = next ? node(next.id) : `${node(`${workflow.name}.${event}`)}(["${event}"])`;
        lines.push(`    ${node(stage.id)} -->${next ? `|${event}|` : ''} ${end}`);
      }
    }
    lines.push('  end');
    const [first] = workflow.stages;
    if (first)
      lines.push(`  ${node(`start.${workflow.name}`)}>"${workflow.startedBy}"] -->|${first.on[0]}| ${node(first.id)}`);
  }
  return lines.join('\n');
}

const node = (id: string) => id.replaceAll(/[^a-z0-9]/gi, '_');
