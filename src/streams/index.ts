/** The stage engine's face: everything that other rooms may use. */
export { watchBacklog } from './backlog.ts';
export { watchCalls } from './calls.ts';
export { systemClock } from './clock.ts';
export { discardDeadLetter, replayDeadLetter } from './dead-letters.ts';
export { createEngine } from './engine.ts';
export { TerminalError } from './errors.ts';
export { defineEvent, type EventType, type StoredEvent } from './event.ts';
export { RETRYING } from './failure.ts';
export { createNotifier, type Wake } from './hints.ts';
export { flowGraph, flowMermaid } from './flow-graph.ts';
export { viewEngine } from './inspect.ts';
export { LiveFeed } from './live.ts';
export type { Log } from './log.ts';
export { appendEvents } from './outbox.ts';
export { openRedis, type StreamKeys, streamKeys } from './redis.ts';
export { backoff, once, untilDone } from './retry.ts';
export { cancelRun } from './runs.ts';
export { refuseStrandedShards } from './shards.ts';
export { hurryRuns } from './timers.ts';
export {
  advance,
  handOn,
  type Compensation,
  declare,
  type GroupedWrite,
  type Reads,
  snooze,
  type StageContext,
  type StageInput,
  together,
  type Workflow,
} from './workflow.ts';
