/** Section `live`: what a subscriber costs one process, and how long an event takes to reach it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { seededRandom } from '../../../test/faults/harness/random.ts';
import type { FaultContext } from '../../../test/faults/harness/row.ts';
import { openStack, type Stack } from '../../../test/faults/harness/stack.ts';
import { type CrowdLoad, openApi, watchInCrowd } from '../../../test/faults/live/crowd.ts';
import { memoryEnv, memoryOf } from '../../../test/faults/live/memory.ts';
import { startReaders } from '../../../test/faults/live/readers.ts';
import { openShoppers, type Shopper } from '../../../test/faults/live/shoppers.ts';
import { recordSection } from '../figures/record-section.ts';
import { quiet } from '../machine/quiet.ts';
import { type BenchOptions, OptionError } from '../options.ts';
import { mayRecord, type Section } from '../section.ts';
import { type LiveResult, reportLive } from './report.ts';

const contestants = [
  { name: 'product-sse', protocol: 'SSE', rival: null },
  { name: 'product-ws', protocol: 'WS', rival: null },
  { name: 'yoga-sse', protocol: 'SSE', rival: 'YOGA' },
  { name: 'graphql-ws', protocol: 'WS', rival: 'GRAPHQL_WS' },
  { name: 'node-sse', protocol: 'SSE', rival: 'NODE' },
] as const;
type Contestant = (typeof contestants)[number];

const FULL: CrowdLoad = { subscribers: 10_000, forerunners: 2_000, perSecond: 1_000, warmUpSeconds: 15, seconds: 60 };
const QUICK: CrowdLoad = { subscribers: 200, forerunners: 50, perSecond: 200, warmUpSeconds: 1, seconds: 1 };
const SEED = 20;
const rivalPath = fileURLToPath(new URL('rival-main.ts', import.meta.url));

export const live: Section = {
  name: 'live',
  question: 'what does a live subscriber cost, and how soon does an event reach it?',
  run,
};

async function run(options: BenchOptions): Promise<void> {
  const chosen = contestants.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  if (chosen.length === 0) {
    throw new OptionError(`There are these contestants: ${contestants.map(({ name }) => name).join(', ')}.`);
  }
  const load = options.isQuick ? QUICK : FULL;
  const results = new Map<Contestant['name'], LiveResult[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 1; round <= options.rounds; round++) {
    await inContext(async (context) => {
      const stack = await openStack(context, { purchases: 1 });
      await stack.worker('worker').start();
      const shoppers = await openShoppers(stack.database, load.subscribers + load.forerunners);
      for (const contestant of round % 2 === 1 ? chosen : chosen.toReversed()) {
        const result = await measure(context, stack, contestant, shoppers, load);
        results.get(contestant.name)?.push(result);
        console.log(`${round}/${options.rounds}  ${contestant.name.padEnd(12)} ${JSON.stringify(result)}`);
      }
    });
  }
  if (mayRecord(options)) await recordSection('live', reportLive(results, load));
}

async function measure(
  context: FaultContext,
  stack: Stack,
  { name, protocol, rival }: Contestant,
  shoppers: readonly Shopper[],
  load: CrowdLoad,
): Promise<LiveResult> {
  if (rival !== null) return { bytesEach: await rivalBytes(context, rival, protocol, shoppers, load) };
  const watched = await openApi(context, stack, name);
  const { bytesEach, p50Ms, p99Ms, missed, disordered, ended } = await watchInCrowd(
    context,
    stack,
    watched,
    shoppers,
    protocol,
    load,
  );
  await watched.api.stop();
  return { bytesEach, p50Ms, p99Ms, lost: missed + disordered + ended };
}

/** Memory alone: a push inside one process, with nothing stored, is not what the product's delivery could be compared with. */
async function rivalBytes(
  { folder }: FaultContext,
  rival: string,
  protocol: 'SSE' | 'WS',
  shoppers: readonly Shopper[],
  load: CrowdLoad,
): Promise<number> {
  const file = join(folder, `${rival}.json`);
  const child = fork(rivalPath, [rival], { env: { ...process.env, NODE_ENV: 'production', ...memoryEnv(file) } });
  const readers = await startReaders(2);
  try {
    const [port] = await once(child, 'message');
    const how = { url: `http://127.0.0.1:${z.int().parse(port)}`, protocol };
    const watching = shoppers.slice(0, load.subscribers);
    const forerunners = shoppers.slice(load.subscribers);
    await readers.open(forerunners, how);
    await readers.close(forerunners);
    const before = await memoryOf(child.pid ?? 0, file);
    await readers.open(watching, how);
    const after = await memoryOf(child.pid ?? 0, file);
    return Math.round((after.rssBytes - before.rssBytes) / watching.length);
  } finally {
    await readers.stop();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}

/** What the parts of the fault catalogue ask for, and the end of all they open. */
async function inContext(work: (context: FaultContext) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), `booky-hub-bench-live-${process.pid}-`));
  // As root the servers run as another user, who must be able to enter.
  await chmod(folder, 0o711);
  const kept: { stop(): Promise<unknown> }[] = [];
  try {
    await work({
      seed: SEED,
      random: seededRandom(SEED),
      isShort: false,
      folder,
      log: quiet,
      say: () => {},
      keep: (part) => {
        kept.push(part);
        return part;
      },
    });
  } finally {
    for (const part of kept.reverse()) await part.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
