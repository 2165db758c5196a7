/** The ways of asking that are compared: each for a while per round, in turns. */
import { cpuMsOf } from '../machine/cpu.ts';
import { CATALOGUE_QUERY, CONSTANT_QUERY, PAGE_SIZE } from './constant-books.ts';
import { runLoad } from './http-load.ts';
import type { OrderSource } from './order-load.ts';
import type { WayName, WayResult } from './report.ts';
import type { UnderLoad } from './servers-under-load.ts';

/** Each way is asked by as many callers as suit it best: who waits for a durable commit serves more together. */
export const CONNECTIONS = [64, 128] as const;
/** Before each measurement: caches of what the way before has pushed out. */
const APPROACH_MS = 500;

export interface Arena {
  readonly bare: UnderLoad;
  readonly plain: UnderLoad;
  readonly api: UnderLoad;
  readonly orders: OrderSource;
  /** A session for the page that is read signed in. */
  readonly token: string;
  readonly postgresPid: number;
}

interface Way {
  readonly name: WayName;
  readonly server: UnderLoad;
  readonly next: () => { body: string; token?: string };
}

/**
 * @param warmUpMs of each way, once: the first seconds of a process belong to its compiler
 * @returns a line per way; the rounds are interleaved, every other one backwards
 */
export async function compareWays(
  arena: Arena,
  rounds: number,
  { warmUpMs, durationMs }: { warmUpMs: number; durationMs: number },
): Promise<WayResult[]> {
  const ways = waysOf(arena).map((way) => ({
    ...way,
    result: {
      name: way.name,
      perSecond: new Array<number>(),
      serverUs: new Array<number>(),
      postgresUs: new Array<number>(),
    },
  }));
  for (const way of ways) await runLoad({ ...load(way, CONNECTIONS[0]), durationMs: warmUpMs });
  for (let round = 1; round <= rounds; round++) {
    for (const { result, ...way } of round % 2 === 1 ? ways : ways.toReversed()) {
      const tried: Measured[] = [];
      for (const connections of CONNECTIONS) tried.push(await measure(arena, way, connections, durationMs));
      const best = tried.reduce((one, other) => (other.perSecond > one.perSecond ? other : one));
      result.perSecond.push(best.perSecond);
      result.serverUs.push(best.serverUs);
      result.postgresUs.push(best.postgresUs);
      const each = tried.map(({ perSecond }, at) => `${CONNECTIONS[at]} callers ${perSecond.toFixed(0)}/s`);
      console.log(`${round}/${rounds}  ${result.name.padEnd(14)} ${each.join(', ')}`);
    }
  }
  return ways.map(({ result }) => result);
}

interface Measured {
  readonly perSecond: number;
  /** Microseconds of processor time a request. */
  readonly serverUs: number;
  readonly postgresUs: number;
}

async function measure({ postgresPid }: Arena, way: Way, connections: number, durationMs: number): Promise<Measured> {
  await runLoad({ ...load(way, connections), durationMs: APPROACH_MS });
  const cpuMs = () => [cpuMsOf(way.server.pid) ?? Number.NaN, cpuMsOf(postgresPid) ?? Number.NaN] as const;
  const before = cpuMs();
  const { perSecond, answered, faults } = await runLoad({ ...load(way, connections), durationMs });
  const after = cpuMs();
  if (faults.length > 0) throw new Error(`${way.name} was answered: ${faults.join('\n')}`);
  const usOf = (at: 0 | 1) => ((after[at] - before[at]) * 1_000) / answered;
  return { perSecond, serverUs: usOf(0), postgresUs: usOf(1) };
}

function waysOf({ bare, plain, api, orders, token }: Arena): Way[] {
  const variables = { first: PAGE_SIZE };
  const constant = { body: JSON.stringify({ query: CONSTANT_QUERY, variables }) };
  const page = { body: JSON.stringify({ query: CATALOGUE_QUERY, variables }) };
  const insertRow = 'mutation ($input: InsertRowInput!) { insertRow(input: $input) { id } }';
  const insert = {
    body: JSON.stringify({ query: insertRow, variables: { input: { note: 'A note of some length.' } } }),
  };
  let pages = 0;
  const anotherPage = () => ({ query: CATALOGUE_QUERY, variables: { ...variables, number: ++pages } });
  return [
    { name: 'constant', server: bare, next: () => constant },
    { name: 'anonymous', server: api, next: () => page },
    { name: 'signedIn', server: api, next: () => ({ ...page, token }) },
    { name: 'anew', server: api, next: () => ({ body: JSON.stringify(anotherPage()), token }) },
    { name: 'plainConstant', server: plain, next: () => constant },
    { name: 'insert', server: bare, next: () => insert },
    { name: 'order', server: api, next: () => orders.next() },
  ];
}

const load = ({ server: { url }, next }: Way, connections: number) => ({
  url,
  connections,
  next,
  judge: (text: string) => (text.includes('"data":{') && !/"(errors|code)":/.test(text) ? null : text.slice(0, 300)),
});
