/**
 * Row 24: documents that nobody would write, by the hundred thousand, to a running server over real HTTP.
 *
 * They are made from schema.graphql by chance: sound, almost sound, deep, wide, cyclic, huge, wrongly typed, unicode, broken
 * JSON, forms, batches, persisted, by GET and as events; from nobody, readers, authors and admins. Each is made from the
 * seed and its own number. Every answer is judged from outside (fuzz/judge.ts).
 */
import { hostname } from 'node:os';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSchema, type GraphQLSchema } from 'graphql';
import { encodeId } from '../../../src/schema/ids.ts';
import { judge } from '../fuzz/judge.ts';
import { kinds } from '../fuzz/kinds.ts';
import { openSender, type Sender } from '../fuzz/sender.ts';
import { seededRandom } from '../harness/random.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { memoryEnv, memoryOf } from '../live/memory.ts';
import { openShoppers } from '../live/shoppers.ts';

const DOCUMENTS_FULL = 100_000;
const DOCUMENTS_SHORT = 2_000;
const CONNECTIONS = 16;
const RSS_BYTES_MAX = 100_000_000;
/** Signing out is among what is tried, so everybody signs in anew after so many. */
const DOCUMENTS_PER_SESSION = 1_000;
const FAULTS_TOLD_MAX = 20;
const schemaPath = fileURLToPath(new URL('../../../schema.graphql', import.meta.url));
const kindNames = Object.keys(kinds);
const ROLES = ['nobody', 'nobody', 'READER', 'AUTHOR', 'ADMIN', 'forged'] as const;
type Role = (typeof ROLES)[number];

interface Tally {
  readonly faults: string[];
  readonly codes: Map<string, number>;
  found: number;
  answered: number;
  statuses5xx: number;
  costMax: number;
  tookMsMax: number;
}

interface Scene {
  readonly stack: Stack;
  readonly sender: Sender;
  readonly schema: GraphQLSchema;
  readonly ids: readonly string[];
  readonly secrets: readonly string[];
  readonly tally: Tally;
  tokens: ReadonlyMap<Role, string>;
}

async function signIn({ database }: Stack): Promise<ReadonlyMap<Role, string>> {
  const roles = ['READER', 'AUTHOR', 'ADMIN'] as const;
  const people = await openShoppers(database, roles.length);
  const tokens = new Map<Role, string>([['forged', 'x'.repeat(40)]]);
  for (const [index, role] of roles.entries()) {
    const token = people[index]?.token ?? '';
    await database.sql`
      update "user" set role = ${role}::user_role where id = (select user_id from session where token = ${token})`;
    tokens.set(role, token);
  }
  return tokens;
}

/** What no answer may hold: names that only the database knows, its password, ports, hosts and our secret. */
async function innerWords({ database, databaseUrl, redisUrl }: Stack): Promise<string[]> {
  const named = await database.sql<{ name: string }[]>`
    select indexname as name from pg_indexes where schemaname = 'public'
    union select table_name from information_schema.tables where table_schema = 'public'
    union select constraint_name from information_schema.table_constraints where table_schema = 'public'`;
  const [db, redis] = [new URL(databaseUrl), new URL(redisUrl)];
  const words = [...named.map(({ name }) => name).filter((name) => name.includes('_')), db.password, redis.password];
  return [...words, `:${db.port}`, `:${redis.port}`, hostname(), 'fault catalogue alone'].filter(
    (word) => word.length > 4,
  );
}

async function tryOne(scene: Scene, context: FaultContext, number: number): Promise<void> {
  const { tally, sender, schema, ids, secrets } = scene;
  const random = seededRandom(Math.imul(context.seed ^ number, 0x9e3779b1));
  const kind = kindNames[number % kindNames.length] ?? 'sound';
  const role = random.pick(ROLES);
  const request = kinds[kind]?.({ schema, random, ids });
  if (!request) return;
  const fault = (what: string) => {
    tally.found += 1;
    if (tally.faults.length === FAULTS_TOLD_MAX) return;
    const sent = `${request.method} ${JSON.stringify(request.headers).slice(0, 200)}`;
    const told = String(request.body ?? request.path).slice(0, 300);
    tally.faults.push(`document ${number} (${kind}, ${role}) ${what}: ${sent} ${told}`);
  };
  try {
    const answer = await sender.send(request, scene.tokens.get(role) ?? null);
    const verdict = judge(request, answer, secrets);
    for (const what of verdict.faults) fault(what);
    if (answer.status >= 500) tally.statuses5xx += 1;
    if (verdict.hasData) tally.answered += 1;
    tally.costMax = Math.max(tally.costMax, verdict.cost);
    tally.tookMsMax = Math.max(tally.tookMsMax, answer.tookMs);
    const code = verdict.code ?? (answer.status >= 400 ? String(answer.status) : 'none');
    tally.codes.set(code, (tally.codes.get(code) ?? 0) + 1);
  } catch (error) {
    fault(`was not answered (${String(error)})`);
  }
}

async function tryRange(scene: Scene, context: FaultContext, from: number, until: number): Promise<void> {
  for (let start = from; start < until; start += DOCUMENTS_PER_SESSION) {
    scene.tokens = await signIn(scene.stack);
    let next = start;
    const end = Math.min(until, start + DOCUMENTS_PER_SESSION);
    const worker = async () => {
      while (next < end) await tryOne(scene, context, next++);
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    if (start % 10_000 === 0 && start > 0) context.say(`${start} documents`);
  }
}

async function run(context: FaultContext): Promise<FaultResult> {
  const documents = context.isShort ? DOCUMENTS_SHORT : DOCUMENTS_FULL;
  const stack = await openStack(context, { purchases: 100 });
  const port = await freePort();
  const memoryFile = join(context.folder, 'memory.json');
  const api = stack.api('api', port, { ...memoryEnv(memoryFile), COST_PER_MINUTE_MAX: '1000000000' });
  await api.start();
  const { market } = stack;
  const scene: Scene = {
    stack,
    sender: context.keep(openSender(port, CONNECTIONS)),
    schema: buildSchema(await readFile(schemaPath, 'utf8')),
    ids: [...market.editionIds.map((id) => encodeId('Edition', id)), encodeId('User', market.authorId)],
    secrets: await innerWords(stack),
    tally: { faults: [], codes: new Map(), found: 0, answered: 0, statuses5xx: 0, costMax: 0, tookMsMax: 0 },
    tokens: new Map(),
  };
  // Caches fill up to their limits first: what is bounded stands still in the second half.
  const warm = documents / 2;
  await tryRange(scene, context, 0, warm);
  const before = await memoryOf(api.pid ?? 0, memoryFile);
  const startedAt = performance.now();
  await tryRange(scene, context, warm, documents);
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await memoryOf(api.pid ?? 0, memoryFile);
  const grownBytes = after.rssBytes - before.rssBytes;
  const { tally } = scene;
  const log = await readFile(join(context.folder, 'logs', 'api.log'), 'utf8');
  const logged = log.split('\n').filter((line) => /"level":(?:50|60)/.test(line));
  return {
    injected: `${documents} documents of ${kindNames.length} kinds: ${kindNames.join(', ')}`,
    figures: {
      documents,
      'answered with data': tally.answered,
      '5xx': tally.statuses5xx,
      'faults found': tally.found,
      'greatest cost that ran': tally.costMax,
      'slowest answer (ms)': Math.round(tally.tookMsMax),
      'documents a second': Math.round((documents - warm) / seconds),
      'RSS at the end (MB)': Math.round(after.rssBytes / 1e6),
      'RSS grew in the second half by (MB)': (grownBytes / 1e6).toFixed(1),
      'heap grew in the second half by (MB)': ((after.heapBytes - before.heapBytes) / 1e6).toFixed(1),
      refusals: [...tally.codes]
        .sort((a, b) => b[1] - a[1])
        .map(([code, count]) => `${code} ${count}`)
        .join(', '),
    },
    violations: [
      ...tally.faults,
      ...(api.isRunning ? [] : ['the process ended']),
      ...logged.slice(0, 5).map((line) => `an unexpected error was logged: ${line.slice(0, 300)}`),
      ...(!context.isShort && grownBytes > RSS_BYTES_MAX ? [`the process grew by ${grownBytes} bytes`] : []),
      ...(tally.answered < documents / 50
        ? [`only ${tally.answered} documents gave data: too few to mean anything`]
        : []),
    ],
  };
}

const row: FaultRow = {
  row: 24,
  title: 'GraphQL documents that nobody would write',
  promise: [7],
  loadFull: '100,000 documents made from the schema by chance, over 16 kept connections, from five kinds of callers',
  loadShort: '2,000 documents made from the schema by chance, over 16 kept connections, from five kinds of callers',
  invariant:
    'no 5xx and no INTERNAL; no answer tells of stacks, SQL, paths, tables, hosts or secrets; none above the budget runs; the process lives, and in the second half grows by ≤ 100 MB',
  run,
};
export default row;
