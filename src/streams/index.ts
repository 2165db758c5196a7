/** The stage engine's face: everything that other rooms may use. */
export { type Clock, systemClock } from './clock.ts';
export { type DeadLetterAnswer, discardDeadLetter, replayDeadLetter } from './dead-letters.ts';
export { createEngine, type Engine, type EngineOptions } from './engine.ts';
export { isTransientDatabaseError, TerminalError, WorkflowDeclarationError } from './errors.ts';
export { defineEvent, type EventDraft, type EventType, type StoredEvent } from './event.ts';
export { RETRYING } from './failure.ts';
export { type FlowGraph, flowGraph, flowMermaid } from './flow-graph.ts';
export { LiveFeed, readEvents } from './live.ts';
export type { Log } from './log.ts';
export { appendEvents } from './outbox.ts';
export { openRedis, type StreamKeys, streamKeys } from './redis.ts';
export { backoff, once, untilDone } from './retry.ts';
export { cancelRun } from './runs.ts';
export { createNotifier } from './wake.ts';
export { advance, declare, snooze, stageId, type StageContext, type StageInput, type Workflow } from './workflow.ts';
