/**
 * Row 10: the engine's decisions in simulated worlds, thousands of them, each moved by a seed.
 *
 * What the engine decides is the code that runs (src/streams/decide.ts, the retry policies, the way money is given
 * back, the sandbox bank's rules); the store, the broker, the network and time are simulated. Worlds that once broke a
 * promise are kept in model/regressions.json and come first.
 */
import { readFile } from 'node:fs/promises';
import { asyncProperty, check, integer, nat, tuple } from 'fast-check';
import { z } from 'zod';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { type Mode, runWorld } from '../model/world.ts';

const WORLDS_SHORT = 1_500;
const WORLDS_FULL = 20_000;
const STEPS_MIN = 20;
const STEPS_MAX = 400;
/** Shrinking a failing world goes on no longer than this. */
const TIME_LIMIT_MS = 10 * 60_000;

const regressionsSchema = z.array(
  z.strictObject({ found: z.string(), mode: z.enum(['SAFETY', 'LIVENESS']), seed: z.int(), steps: z.int() }),
);

async function replayRegressions(): Promise<{ count: number; violations: string[] }> {
  const file = await readFile(new URL('../model/regressions.json', import.meta.url), 'utf8');
  const regressions = regressionsSchema.parse(JSON.parse(file));
  const violations: string[] = [];
  for (const { found, mode, seed, steps } of regressions) {
    await runWorld(mode, seed, steps).catch((error: unknown) =>
      violations.push(`a world kept from before (${found}): ${String(error)}`),
    );
  }
  return { count: regressions.length, violations };
}

/** @returns a sentence with all that is needed to see it again; null when no world broke a promise */
async function explore(mode: Mode, seed: number, worlds: number): Promise<string | null> {
  const world = tuple(nat(2 ** 31 - 1), integer({ min: STEPS_MIN, max: STEPS_MAX }));
  const property = asyncProperty(world, ([worldSeed, steps]) => runWorld(mode, worldSeed, steps));
  const result = await check(property, { numRuns: worlds, seed: seed | 0, interruptAfterTimeLimit: TIME_LIMIT_MS });
  if (!result.failed) return null;
  const [found] = result.counterexample ?? [];
  const where = found ? `{ "mode": "${mode}", "seed": ${found[0]}, "steps": ${found[1]} }` : `seed ${seed}`;
  return `${String(result.errorInstance)} in the world ${where}`;
}

/** The same seed must give the same world, step by step. */
async function checkReplay(seed: number): Promise<string[]> {
  const traces: string[] = [];
  for (const trace of [[], []] as string[][]) {
    await runWorld('LIVENESS', seed, STEPS_MAX, trace).catch(() => {});
    traces.push(trace.join());
  }
  return traces[0] === traces[1] ? [] : [`seed ${seed} did not give the same world twice`];
}

async function run({ seed, isShort, say }: FaultContext): Promise<FaultResult> {
  const worlds = isShort ? WORLDS_SHORT : WORLDS_FULL;
  const regressions = await replayRegressions();
  const violations = [...regressions.violations, ...(await checkReplay(seed % 2 ** 31))];
  const startedAt = performance.now();
  for (const mode of ['SAFETY', 'LIVENESS'] as const) {
    say(`${worlds} worlds, ${mode.toLowerCase()}`);
    const violation = await explore(mode, seed, worlds);
    if (violation) violations.push(violation);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    injected:
      'lost, late and repeated requests; lost commits, answers and acknowledgements; dying workers and relays; ' +
      'takeovers from the living; lost and older copies of Redis; a card that asks, declines or is refused',
    figures: {
      worlds: 2 * worlds,
      'worlds per second': Math.round((2 * worlds) / seconds),
      'worlds kept from before': regressions.count,
      violations: violations.length,
    },
    violations,
  };
}

const row: FaultRow = {
  row: 10,
  title: 'Simulated worlds, by a model of everything around the engine',
  promise: [1, 2, 3, 6],
  loadFull: `${2 * WORLDS_FULL} worlds of up to ${STEPS_MAX} steps, half for safety, half for liveness`,
  loadShort: `${2 * WORLDS_SHORT} worlds of up to ${STEPS_MAX} steps, half for safety, half for liveness`,
  invariant:
    'each effect once, one try planned at a time, no hole, undone newest first and never after the pivot, money as the order says; all runs end; a seed replays exactly',
  run,
};
export default row;
