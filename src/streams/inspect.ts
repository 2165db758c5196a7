/**
 * The engine, looked at from outside: for the workbench and whoever operates the house. It changes nothing.
 *
 * Promise: however many look, each figure is read at most once a second by a process.
 */
import type { Redis } from 'ioredis';
import type { Tx } from '../db/client.ts';
import type { Clock } from './clock.ts';
import type { StreamKeys } from './redis.ts';
import { createRegistry } from './registry.ts';
import { readStageFigures, type StageFigures } from './stage-figures.ts';
import { readRelayFigures, readStreamFigures, type RelayFigures, type StreamFigures } from './stream-figures.ts';
import type { Workflow } from './workflow.ts';

export interface EngineView {
  stages(): Promise<readonly StageFigures[]>;
  streams(): Promise<readonly StreamFigures[]>;
  relays(): Promise<readonly RelayFigures[]>;
}

export interface EngineViewOptions<Services> {
  readonly db: Pick<Tx, 'execute'>;
  readonly redis: Redis;
  readonly keys: StreamKeys;
  readonly workflows: readonly Workflow<Services>[];
  readonly shards: number;
  readonly clock: Pick<Clock, 'now'>;
}

const FRESH_MS = 1_000;

export function viewEngine<Services>({ workflows, clock, ...rest }: EngineViewOptions<Services>): EngineView {
  const context = { ...rest, registry: createRegistry(workflows) };
  return {
    stages: keptFresh(() => readStageFigures(context, clock.now())),
    streams: keptFresh(() => readStreamFigures(context)),
    relays: keptFresh(() => readRelayFigures(context)),
  };
}

/** Those who ask within a second share one look; a look that failed is not kept. */
function keptFresh<Value>(look: () => Promise<Value>): () => Promise<Value> {
  let seen: Promise<Value> | null = null;
  let seenAtMs = 0;
  return () => {
    const nowMs = performance.now();
    if (seen && nowMs - seenAtMs < FRESH_MS) return seen;
    const looking = look();
    looking.catch(() => {
      if (seen === looking) seen = null;
    });
    seen = looking;
    seenAtMs = nowMs;
    return looking;
  };
}
