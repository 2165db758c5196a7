/** The ways of asking that are compared: each for a while per round, in turns. */
import { cpuMsOf } from '../machine/cpu.ts';
import { CATALOGUE_QUERY, CONSTANT_QUERY, PAGE_SIZE } from './constant-books.ts';
import { runLoad } from './http-load.ts';
import type { OrderSource } from './order-load.ts';
import type { WayName, WayResult } from './report.ts';
import type { UnderLoad } from './servers-under-load.ts';

const CONNECTIONS = 64;
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

type Next = () => { body: string; token?: string };

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
  for (const { server, next } of ways) await runLoad({ ...load(server, next), durationMs: warmUpMs });
  for (let round = 1; round <= rounds; round++) {
    for (const { server, next, result } of round % 2 === 1 ? ways : ways.toReversed()) {
      await runLoad({ ...load(server, next), durationMs: APPROACH_MS });
      const before = [cpuMsOf(server.pid), cpuMsOf(arena.postgresPid)];
      const { perSecond, answered, faults } = await runLoad({ ...load(server, next), durationMs });
      const after = [cpuMsOf(server.pid), cpuMsOf(arena.postgresPid)];
      if (faults.length > 0) throw new Error(`${result.name} was answered: ${faults.join('\n')}`);
      const [serverUs, postgresUs] = after.map(
        (ms, at) => (((ms ?? Number.NaN) - (before[at] ?? Number.NaN)) * 1_000) / answered,
      );
      result.perSecond.push(perSecond);
      result.serverUs.push(serverUs ?? Number.NaN);
      result.postgresUs.push(postgresUs ?? Number.NaN);
      console.log(`${round}/${rounds}  ${result.name.padEnd(14)} ${perSecond.toFixed(0).padStart(6)}/s`);
    }
  }
  return ways.map(({ result }) => result);
}

function waysOf({ bare, plain, api, orders, token }: Arena): { name: WayName; server: UnderLoad; next: Next }[] {
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

const load = ({ url }: UnderLoad, next: Next) => ({
  url,
  connections: CONNECTIONS,
  next,
  judge: (text: string) => (text.includes('"data":{') && !/"(errors|code)":/.test(text) ? null : text.slice(0, 300)),
});
