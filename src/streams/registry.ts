/**
 * Registry: the declared workflows, looked up by what the engine has in hand.
 *
 * It knows every stream there is: one per event type, and one per stage for what is delivered to that stage again.
 */
import { WorkflowDeclarationError } from './errors.ts';
import { stagesBefore } from './check-workflow.ts';
import { type Stage, stageId, type Workflow } from './workflow.ts';

/** A stage with its place: everything that is done under its identifier. */
export interface Seat<Services> {
  readonly id: string;
  readonly workflow: Workflow<Services>;
  readonly stage: Stage<Services>;
  /** True for the stage whose event starts a run. */
  readonly isFirst: boolean;
  /** True once the pivot has been passed: there is only forward. */
  readonly isAfterPivot: boolean;
  /** True when the run tells nothing between the event that the stage consumes and the one that it returns. */
  readonly isNextTold: boolean;
}

export interface Registry<Services> {
  readonly workflows: readonly Workflow<Services>[];
  readonly seats: readonly Seat<Services>[];
  seat(id: string): Seat<Services> | undefined;
  /** The stage of a workflow that consumes an event type, if the event does not end the run. */
  next(workflow: Workflow<Services>, eventType: string): Seat<Services> | undefined;
  /** The streams a stage's consumer group reads. */
  streamsOf(seat: Seat<Services>): readonly string[];
  /** The stages that read a stream. */
  readersOf(stream: string): readonly Seat<Services>[];
}

/** @throws WorkflowDeclarationError when two workflows share a name */
export function createRegistry<Services>(workflows: readonly Workflow<Services>[]): Registry<Services> {
  const names = new Set<string>();
  for (const workflow of workflows) {
    if (names.has(workflow.name)) throw new WorkflowDeclarationError(`two workflows are named '${workflow.name}'`);
    names.add(workflow.name);
  }
  const seats = workflows.flatMap((workflow) => workflow.stages.map((stage) => seatOf(workflow, stage)));
  const byId = new Map(seats.map((seat) => [seat.id, seat]));
  const streamsOf = (seat: Seat<Services>) => [seat.stage.on.type, seat.id];
  return {
    workflows,
    seats,
    seat: (id) => byId.get(id),
    next: (workflow, eventType) => seats.find((seat) => seat.workflow === workflow && seat.stage.on.type === eventType),
    streamsOf,
    readersOf: (stream) => seats.filter((seat) => streamsOf(seat).includes(stream)),
  };
}

function seatOf<Services>(workflow: Workflow<Services>, stage: Stage<Services>): Seat<Services> {
  const before = stagesBefore(stage, workflow.stages);
  return {
    id: stageId(workflow, stage),
    workflow,
    stage,
    isFirst: before.length === 0,
    isAfterPivot: before.some((earlier) => earlier.pivot),
    isNextTold: stage.run === undefined && !before.some((earlier) => mayFollow(earlier, stage)),
  };
}

/** May something that `earlier` announces come right behind the event that it hands to `stage`? */
const mayFollow = <Services>(earlier: Stage<Services>, stage: Stage<Services>): boolean =>
  earlier.announces.length > 0 && earlier.emits.some(({ type }) => type === stage.on.type);
