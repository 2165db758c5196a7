/**
 * A worker dies at each place where one thing waits for PostgreSQL, Redis or the provider; another takes over, and what
 * came of it must be what comes of a thing that nothing disturbed.
 */
import type { FaultContext } from '../harness/row.ts';
import type { Stack } from '../harness/stack.ts';
import { type HandClock, runToRest } from './hand-clock.ts';
import { type LocalEngine, openLocalEngine } from './local-shop.ts';
import { Tripwire } from './tripwire.ts';

const PLACES_MAX = 700;
export const PLACES_SHORT = 12;
const HOUR_MS = 3_600_000;

export interface Rehearsal {
  stack: Stack;
  clock: HandClock;
  /** Takes over what the dead have left. */
  healer: LocalEngine;
}

export interface Thing<Victim> {
  readonly name: string;
  /** Makes one that nothing has happened to yet. */
  prepare(): Promise<Victim>;
  /** Begins what is to be disturbed, as the API does. */
  begin(victim: Victim): Promise<void>;
  /** Everything that anybody could see of it in the end. */
  stateOf(victim: Victim): Promise<string>;
}

export interface Deaths {
  violations: string[];
  counted: string;
  deaths: number;
}

/** @param things of this kind are disturbed, of which a short run disturbs `PLACES_SHORT / kinds` */
export async function dieEverywhere<Victim>(
  rehearsal: Rehearsal,
  thing: Thing<Victim>,
  { isShort, random, say, kinds }: Pick<FaultContext, 'isShort' | 'random' | 'say'> & { kinds: number },
): Promise<Deaths> {
  const { stack, clock } = rehearsal;
  const { name } = thing;
  const calm = await thing.prepare();
  const counter = new Tripwire(Number.POSITIVE_INFINITY);
  const engine = await openLocalEngine(stack, { clock, tripwire: counter });
  await runToRest(stack, engine, clock, HOUR_MS);
  // What a worker asks before it has anything to do is another row's.
  const idle = counter.count;
  await thing.begin(calm);
  await runToRest(stack, engine, clock, HOUR_MS);
  await engine.stop();
  const expected = await thing.stateOf(calm);
  const places = counter.count - idle;
  if (places >= PLACES_MAX) throw new RangeError(`${name} has ${places} places: make PLACES_MAX greater`);
  say(`${places} places of ${name}`);
  const stride = isShort ? Math.max(1, Math.floor((places * kinds) / PLACES_SHORT)) : 1;
  const violations: string[] = [];
  let deaths = 0;
  for (let at = random.whole(1, stride); at <= places; at += stride) {
    const victim = await thing.prepare();
    const place = await disturb(rehearsal, idle + at, () => thing.begin(victim));
    if (place === null) continue;
    deaths += 1;
    const found = await thing.stateOf(victim);
    if (found !== expected) violations.push(`died ${place} (${at} of ${name}): ${found} is not ${expected}`);
  }
  return { violations, counted: `${places} for ${name}`, deaths };
}

/** @returns the place of the death; null when the work had ended before it */
async function disturb({ stack, clock, healer }: Rehearsal, at: number, begin: () => Promise<void>) {
  const tripwire = new Tripwire(at);
  const victim = await openLocalEngine(stack, { clock, tripwire });
  let hasBegun = false;
  const rest = runToRest(stack, victim, clock, HOUR_MS)
    .then(() => {
      hasBegun = true;
      return begin();
    })
    .then(() => runToRest(stack, victim, clock, HOUR_MS))
    .then(() => null);
  rest.catch(() => {});
  const place = await Promise.race([tripwire.tripped, rest]);
  await victim.kill();
  if (place === null || !hasBegun) return null;
  await healer.takeOver();
  for (const consumer of healer.consumers) consumer.mustReplay = true;
  await healer.repair();
  await runToRest(stack, healer, clock, HOUR_MS);
  return place;
}

/** How many of a kind a row needs at most. */
export const victimsMax = (isShort: boolean): number => (isShort ? PLACES_SHORT + 4 : PLACES_MAX);
