/**
 * Workflows: stages, declared once, from which the consumers, the flow graph and the README's picture all come.
 *
 * A run has one outstanding stage; a stage consumes one event and returns the next. What a stage returns and has not
 * declared in `emits` does not compile. `workflow()` refuses at load what could not run (check-workflow.ts).
 * Handlers return events, they never publish: the engine stores the write, the run and the event in one commit.
 */
import type { Tx } from '../db/client.ts';
import { joinParts, type Parts } from '../db/parts.ts';
import { checkWorkflow } from './check-workflow.ts';
import type { Clock } from './clock.ts';
import type { EventDraft, EventType } from './event.ts';
import type { Log } from './log.ts';
import type { RetryPolicy } from './retry.ts';

/** What a stage is given: the event it consumes, parsed, and where its run stands. */
export interface StageInput<Payload> {
  readonly eventId: number;
  readonly runId: string;
  readonly subject: string;
  readonly payload: Payload;
  /** 1 for the first try. */
  readonly attempt: number;
  /**
   * What the stage before has handed on (`handOn`), where its commit and this try are the same process's and lie
   * less than a second apart; else undefined: then it is to be read.
   */
  readonly handed?: object | undefined;
}

export interface StageContext<Services, Announced extends string = string> {
  readonly services: Services;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts at the stage's time limit and when the worker must stop. */
  readonly signal: AbortSignal;
  /**
   * Commits a status that is true before the stage has ended, such as "capturing", together with `write`: once for the
   * event that the stage consumes, however often that is delivered or tried again.
   * Does nothing and answers false when another delivery has already carried the run on: stop working then.
   */
  announce(event: EventDraft<Announced>, write?: Write): Promise<boolean>;
}

/** What an outcome stores: functions, or items that are stored together with those of all outcomes of a commit. */
export type Write = OneWrite | readonly OneWrite[];
type OneWrite = WriteFunction | GroupedWrite;
type WriteFunction = (tx: Tx) => Promise<void>;

export interface GroupedWrite {
  /** The engine hands to it only the items that were given with it. */
  partsOf(this: void, items: readonly unknown[]): Parts;
  readonly item: unknown;
}

/**
 * Stores an item together with those of other outcomes that share the commit, and in the statement that stores their
 * events. An outcome that stores nothing else needs no transaction: its one statement is the commit.
 * @param partsOf the same function each time; it is given 1 or more items
 */
export function together<Item>(partsOf: (items: readonly Item[]) => Parts, item: Item): GroupedWrite {
  return { partsOf, item };
}

/** Does it need a transaction around it? */
export const hasFunctions = (write: Write | undefined): boolean =>
  [write ?? []].flat().some((one) => typeof one === 'function');

/** Everything that outcomes of one commit store: functions to be done first, and what goes into one statement. */
export function writesOf(writes: readonly (Write | undefined)[]): { functions: WriteFunction[]; parts: Parts } {
  const all = writes.flatMap((write) => write ?? []);
  const groups = Map.groupBy(
    all.filter((write) => typeof write === 'object'),
    ({ partsOf }) => partsOf,
  );
  return {
    functions: all.filter((write) => typeof write === 'function'),
    parts: joinParts([...groups].map(([partsOf, group]) => partsOf(group.map(({ item }) => item)))),
  };
}

/** The stage is done: store `write` and the event in one commit, and what follows it at once. */
export interface Advance<Name extends string, Announced extends string = string> {
  readonly kind: 'ADVANCE';
  /** What the run goes on from. */
  readonly event: EventDraft<Name>;
  readonly write?: Write | undefined;
  /** Told right behind it, about the same subject; the run does not wait for anybody to read it. */
  readonly followedBy?: EventDraft<Announced> | undefined;
  readonly handOn?: object | undefined;
}

/** Nothing failed, it is only too early: store `write`, and come back later. Spends no attempt. */
export interface Snooze {
  readonly kind: 'SNOOZE';
  readonly delayMs: number;
  readonly write?: Write | undefined;
}

export type Outcome<Name extends string = string, Announced extends string = string> =
  | Advance<Name, Announced>
  | Snooze;

/**
 * @param followedBy what is true as soon as `event` is, such as "capturing" behind "authorized"; one of those that the
 * stage `announces`. It saves the commit that an announcement at the head of the next stage would be. (Default: nothing)
 */
export const advance = <Name extends string, Announced extends string = never>(
  event: EventDraft<Name>,
  write?: Write,
  followedBy?: EventDraft<Announced>,
): Advance<Name, Announced> => ({ kind: 'ADVANCE', event, write, followedBy });

/**
 * Saves the next stage from reading what this one knows.
 * @param handed what the next stage would read once `outcome` is committed; given to it in memory, and to nobody else
 */
export const handOn = <Name extends string, Announced extends string>(
  outcome: Advance<Name, Announced>,
  handed: object,
): Advance<Name, Announced> => ({ ...outcome, handOn: handed });

export const snooze = (delayMs: number, write?: Write): Snooze => ({ kind: 'SNOOZE', delayMs, write });

/** A stage as the engine sees it. Its methods take what their declarations say; the payload is parsed before. */
export interface Stage<Services> {
  readonly name: string;
  readonly on: EventType;
  readonly emits: readonly EventType[];
  /** What it tells besides: on its way, or right behind what it emits. No stage consumes it. */
  readonly announces: readonly EventType[];
  readonly retry: RetryPolicy;
  /** Longest one try of `run` or `compensate` may take. */
  readonly timeoutMs: number;
  readonly pivot: boolean;
  /** Deliveries of this stage in work at once, per process. */
  readonly concurrency: number;
  /** What comes within this time after a read is read together. */
  readonly gatherMs: number;
  /** True where `runBatch` only reads, and all that it stores goes with its outcomes. */
  readonly onlyReads: boolean;
  run?(input: StageInput<unknown>, context: StageContext<Services>): Promise<Outcome>;
  runBatch?(tx: Tx, inputs: readonly StageInput<unknown>[], context: BatchContext<Services>): Promise<Outcome[]>;
  compensate?(input: StageInput<unknown>, context: StageContext<Services>): Promise<Compensation>;
  onRetry?(tx: Tx, input: StageInput<unknown>, now: Date): Promise<Record<string, unknown>>;
}

/** What only reads. */
export type Reads = Pick<Tx, 'select' | 'execute' | 'query'>;

export type BatchContext<Services> = Pick<StageContext<Services>, 'services' | 'clock' | 'log'>;

/** What a compensation stores in the commit that records it as done. */
export type Compensation = ((tx: Tx) => Promise<void>) | null;

/** How a run ends that could not be carried through: the event that says so, and what is stored with it. */
export interface FailsWith {
  readonly event: EventType;
  /** @returns the event's draft; `reason` is for operators, do not show it to buyers or authors */
  build(
    tx: Tx,
    failure: { subject: string; runId: string; stage: string; reason: string; now: Date },
  ): Promise<EventDraft>;
}

export interface Workflow<Services> {
  readonly name: string;
  /** What starts it, in words: a mutation or an event of another workflow. */
  readonly startedBy: string;
  readonly failsWith: FailsWith | null;
  readonly stages: readonly Stage<Services>[];
}

interface StageBase<In, Out extends EventType, Announced extends EventType, Services> {
  on: EventType<string, In>;
  emits: readonly Out[];
  announces?: readonly Announced[];
  retry: RetryPolicy;
  pivot?: boolean;
  /** (Default: 16) */
  concurrency?: number;
  /**
   * For a stage that nobody waits for: what comes within this time after a read is read, and stored, together.
   * (Default: 0 ms, each is read as it comes)
   */
  gatherMs?: number;
  /**
   * Stores what is shown while a retry waits, and returns what to show of it; runs in the commit that records the
   * failed attempt.
   */
  onRetry?: (tx: Tx, input: StageInput<In>, now: Date) => Promise<Record<string, unknown>>;
  compensate?: (input: StageInput<In>, context: StageContext<Services, Announced['type']>) => Promise<Compensation>;
}

interface CallingStage<In, Out extends EventType, Announced extends EventType, Services> extends StageBase<
  In,
  Out,
  Announced,
  Services
> {
  /** Calls out; runs before any transaction opens. */
  run: (
    input: StageInput<In>,
    context: StageContext<Services, Announced['type']>,
  ) => Promise<Outcome<Out['type'], Announced['type']>>;
  /** (Default: 30,000 ms) */
  timeoutMs?: number;
  runBatch?: never;
  decideBatch?: never;
}

interface SqlStage<In, Out extends EventType, Announced extends EventType, Services> extends StageBase<
  In,
  Out,
  Announced,
  Services
> {
  /**
   * Pure SQL over many inputs in one transaction; one outcome per input, in the same order.
   * When it throws, nothing is stored and each input is tried alone. It may also be asked of a delivery that turns out
   * to be a duplicate: all it did in `tx` is then rolled back, so it must do nothing else.
   */
  runBatch: (
    tx: Tx,
    inputs: readonly StageInput<In>[],
    context: BatchContext<Services>,
  ) => Promise<Outcome<Out['type'], Announced['type']>[]>;
  decideBatch?: never;
  run?: never;
  timeoutMs?: never;
}

interface DecidingStage<In, Out extends EventType, Announced extends EventType, Services> extends StageBase<
  In,
  Out,
  Announced,
  Services
> {
  /**
   * Reads what it must know of many inputs and says what comes of each, in the same order; what is to be stored goes with
   * the outcomes. It must do nothing but read: no transaction is around it, and it may be asked again, also of a delivery
   * that turns out to be a duplicate. When it throws, each input is tried alone.
   */
  decideBatch: (
    db: Reads,
    inputs: readonly StageInput<In>[],
    context: BatchContext<Services>,
  ) => Promise<Outcome<Out['type'], Announced['type']>[]>;
  runBatch?: never;
  run?: never;
  timeoutMs?: never;
}

export const DEFAULT_TIMEOUT_MS = 30_000;
export const DEFAULT_CONCURRENCY = 16;

/** Binds the declarations to the services that handlers are given. */
export function declare<Services>() {
  function stage<In, const Out extends EventType, const Announced extends EventType = never>(
    name: string,
    options:
      | CallingStage<In, Out, Announced, Services>
      | SqlStage<In, Out, Announced, Services>
      | DecidingStage<In, Out, Announced, Services>,
  ): Stage<Services> {
    const { run, runBatch = options.decideBatch, compensate, onRetry } = options;
    return {
      name,
      on: options.on,
      emits: options.emits,
      announces: options.announces ?? [],
      retry: options.retry,
      timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      pivot: options.pivot ?? false,
      concurrency: options.concurrency ?? DEFAULT_CONCURRENCY,
      gatherMs: options.gatherMs ?? 0,
      onlyReads: options.decideBatch !== undefined,
      ...(run && { run }),
      ...(runBatch && { runBatch }),
      ...(compensate && { compensate }),
      ...(onRetry && { onRetry }),
    };
  }

  /** @throws WorkflowDeclarationError naming what is wrong, at load */
  function workflow(
    name: string,
    options: { startedBy: string; failsWith?: FailsWith; stages: readonly Stage<Services>[] },
  ): Workflow<Services> {
    const declared = {
      name,
      startedBy: options.startedBy,
      failsWith: options.failsWith ?? null,
      stages: options.stages,
    };
    checkWorkflow(declared);
    return declared;
  }

  return { stage, workflow };
}

/** The one identifier of a stage: consumer group, metric label, log field, row key and node in the graph. */
export const stageId = (workflow: { name: string }, stage: { name: string }): string =>
  `${workflow.name}.${stage.name}`;
