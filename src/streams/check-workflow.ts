/**
 * Refuses at load what could not run: a workflow whose declaration holds a mistake never starts.
 *
 * Pure: looks at the declaration only.
 */
import { WorkflowDeclarationError } from './errors.ts';
import type { EventType } from './event.ts';

/** The part of a stage that the checks need. */
interface DeclaredStage {
  readonly name: string;
  readonly on: EventType;
  readonly emits: readonly EventType[];
  readonly announces: readonly EventType[];
  readonly pivot: boolean;
  readonly run?: unknown;
  readonly runBatch?: unknown;
  readonly compensate?: unknown;
}

interface DeclaredWorkflow {
  readonly name: string;
  readonly failsWith: unknown;
  readonly stages: readonly DeclaredStage[];
}

const KEBAB = /^[a-z]+(-[a-z]+)*$/;

/** @throws WorkflowDeclarationError for the first mistake found */
export function checkWorkflow(workflow: DeclaredWorkflow): void {
  const refuse = (why: string): never => {
    throw new WorkflowDeclarationError(`workflow '${workflow.name}': ${why}`);
  };
  checkNames(workflow, refuse);
  checkCycle(workflow, refuse);
  checkEvents(workflow, refuse);
  checkPivot(workflow, refuse);
}

type Refuse = (why: string) => never;

function checkNames({ name, stages }: DeclaredWorkflow, refuse: Refuse): void {
  if (!KEBAB.test(name)) refuse('its name is not kebab-case');
  if (stages.length === 0) refuse('it has no stages');
  const seen = new Set<string>();
  const consumed = new Map<string, string>();
  for (const stage of stages) {
    if (!KEBAB.test(stage.name)) refuse(`the stage name '${stage.name}' is not kebab-case`);
    if (seen.has(stage.name)) refuse(`the stage '${stage.name}' is declared twice`);
    seen.add(stage.name);
    const rival = consumed.get(stage.on.type);
    if (rival)
      refuse(
        `the stages '${rival}' and '${stage.name}' both consume '${stage.on.type}'; a run has one outstanding stage`,
      );
    consumed.set(stage.on.type, stage.name);
    if (stage.emits.length === 0) refuse(`the stage '${stage.name}' emits nothing, so its run would never end`);
  }
}

function checkEvents({ stages }: DeclaredWorkflow, refuse: Refuse): void {
  const consumed = new Set(stages.map((stage) => stage.on.type));
  const emitted = new Set(stages.flatMap((stage) => stage.emits.map((event) => event.type)));
  for (const stage of stages) {
    for (const event of stage.emits) {
      if (event.terminal && consumed.has(event.type)) {
        refuse(`'${event.type}' is marked terminal and yet consumed by a stage`);
      }
      if (!event.terminal && !consumed.has(event.type)) {
        refuse(`'${event.type}', emitted by '${stage.name}', is consumed by no stage and not marked terminal`);
      }
    }
    for (const event of stage.announces) {
      if (consumed.has(event.type))
        refuse(`'${event.type}' is announced by '${stage.name}' and yet consumed by a stage`);
    }
  }
  const starts = stages.filter((stage) => !emitted.has(stage.on.type));
  if (starts.length !== 1) {
    refuse(
      `it must have one first stage; ${starts.map((stage) => `'${stage.name}'`).join(' and ') || 'none'} could be it`,
    );
  }
}

function checkCycle({ stages }: DeclaredWorkflow, refuse: Refuse): void {
  const next = new Map(stages.map((stage) => [stage.on.type, stage]));
  const settled = new Set<string>();
  const visit = (stage: DeclaredStage, path: readonly string[]): void => {
    if (path.includes(stage.name)) refuse(`its stages go in a circle: ${[...path, stage.name].join(' → ')}`);
    if (settled.has(stage.name)) return;
    for (const event of stage.emits) {
      const following = next.get(event.type);
      if (following) visit(following, [...path, stage.name]);
    }
    settled.add(stage.name);
  };
  for (const stage of stages) visit(stage, []);
}

function checkPivot({ stages, failsWith }: DeclaredWorkflow, refuse: Refuse): void {
  const pivots = stages.filter((stage) => stage.pivot);
  if (pivots.length > 1) refuse(`it has ${pivots.length} pivots; there is one point of no return`);
  if (!failsWith && stages.some((stage) => stage.compensate)) {
    refuse('it has compensations but no failsWith, so a compensated run would have no end');
  }
  const [pivot] = pivots;
  if (!pivot) return;
  for (const stage of stagesBefore(pivot, stages)) {
    if (stage.run && !stage.compensate) {
      refuse(`the stage '${stage.name}' calls out before the pivot '${pivot.name}' and has no compensation`);
    }
  }
}

/** Every stage from which `target` can be reached. */
export function stagesBefore<S extends DeclaredStage>(target: S, stages: readonly S[]): S[] {
  const before = new Set<S>();
  const collect = (wanted: S): void => {
    for (const stage of stages) {
      if (before.has(stage) || !stage.emits.some((event) => event.type === wanted.on.type)) continue;
      before.add(stage);
      collect(stage);
    }
  };
  collect(target);
  return [...before];
}
