/**
 * Everyone who takes part: a new contestant is a file beside this one and a line here.
 *
 * Loaded by name, so that a worker process holds the one library that it measures and no other.
 */
import type { Contestant } from '../contestant.ts';

const LOADERS = {
  engine: async () => (await import('./engine.ts')).engine,
  product: async () => (await import('./product.ts')).product,
  'bullmq-chained': async () => (await import('./bullmq.ts')).bullmqChained,
  'bullmq-single': async () => (await import('./bullmq.ts')).bullmqSingle,
  'graphile-chained': async () => (await import('./graphile-worker.ts')).graphileChained,
  'graphile-single': async () => (await import('./graphile-worker.ts')).graphileSingle,
  'pg-boss-chained': async () => (await import('./pg-boss.ts')).pgBossChained,
  'pg-boss-single': async () => (await import('./pg-boss.ts')).pgBossSingle,
  dbos: async () => (await import('./dbos.ts')).dbos,
  'pg-boss-chained-sets': async () => (await import('./pg-boss.ts')).pgBossChainedSets,
  'pg-boss-sets': async () => (await import('./pg-boss.ts')).pgBossSets,
  'floor-3': async () => (await import('./floor.ts')).floorInThree,
  'floor-2': async () => (await import('./floor.ts')).floorInTwo,
  'floor-1': async () => (await import('./floor.ts')).floorInOne,
} as const satisfies Record<string, () => Promise<Contestant>>;

type ContestantName = keyof typeof LOADERS;

const isName = (name: string): name is ContestantName => Object.hasOwn(LOADERS, name);
export const contestantNames: readonly ContestantName[] = Object.keys(LOADERS).filter(isName);

/** @throws RangeError when nobody has this name */
export function loadContestant(name: string): Promise<Contestant> {
  if (!isName(name)) throw new RangeError(`There is no contestant '${name}'; there are ${contestantNames.join(', ')}.`);
  return LOADERS[name]();
}
