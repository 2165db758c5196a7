/**
 * `npm start`: servers if no URL is given, migrations, then api and worker in one process.
 *
 *     node src/main.ts            both roles
 *     node src/main.ts api        the api alone        node src/main.ts worker     the worker alone
 *
 * Life: configuration → servers → migrations → roles → banner → SIGINT or SIGTERM → api stops taking, worker drains →
 * servers stop. A second signal ends the program at once; nothing is lost, since everything true is in PostgreSQL.
 */
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import type { Api, ApiOptions } from './api.ts';
import { openPlatform } from './assemble.ts';
import { buildPrograms } from './child-processes/build-programs.ts';
import { migrateDatabase } from './db/migrate.ts';
import { EmbeddedServiceError } from './embedded/errors.ts';
import { startOrJoinServices } from './embedded/join.ts';
import { loadEnv } from './env.ts';
import { openLog } from './log.ts';
import { letHelpersGiveWay } from './helper-threads.ts';
import { buildPages } from './web/build-pages.ts';
import type { Worker } from './worker.ts';

const ROLES = ['all', 'api', 'worker'] as const;
type Role = (typeof ROLES)[number];

/**
 * Percent of what is alive that a heap may grow by before V8 looks through all of it, which holds up purchases for a tenth
 * of a second. What is alive in an API are also its subscriptions: 200 MB of ten thousand. A worker has some 50 MB,
 * however much it sells.
 */
const HEAP_GROWTH_PERCENT: Record<Role, number> = { all: 150, api: 150, worker: 400 };

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

function readRole(word: string | undefined): Role {
  const role = ROLES.find((known) => known === (word ?? 'all'));
  if (role) return role;
  process.stderr.write(`There is no role "${word}". Say api, worker or nothing for both.\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const role = readRole(process.argv[2]);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT[role]}`);
  const env = loadEnv();
  const log = openLog(env);
  try {
    letHelpersGiveWay();
  } catch (error) {
    log.info({ err: error }, "V8's helper threads keep their priority");
  }
  // What a role stands on that was not asked for is not loaded: V8 would look through it again and again.
  const workers = role === 'api' ? null : await import('./worker.ts');
  const apis = role === 'worker' ? null : await import('./api.ts');
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async () => {
    for (const stop of stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => log.error({ err: error }, 'a part did not stop cleanly'));
    }
  };
  stopOnSignal(stopAll);
  try {
    const servers = await startOrJoinServices(env, log, { onProgress: say, mayJoin: role !== 'all' });
    stops.push(() => servers.stop());
    await migrateDatabase(servers.databaseUrl);
    await buildPrograms(say).catch((error: unknown) => {
      log.warn(
        { err: error },
        'what reads books runs from its sources, which takes longer; `npm run build` tells more',
      );
    });
    const platform = await openPlatform(env, servers, log);
    stops.push(() => platform.close());
    const worker = workers ? await workers.startWorker(platform) : null;
    if (worker) stops.push(() => worker.stop());
    const api = apis ? await apis.startApi(platform, await apiOptions(worker, log)) : null;
    if (api) stops.push(() => api.stop());
    banner(role, api, worker);
  } catch (error) {
    await stopAll();
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

/** Pages that cannot be built are no reason to sell no books. */
async function apiOptions(worker: Worker | null, log: Logger): Promise<ApiOptions> {
  const wake = worker ? { wake: worker.wake } : {};
  try {
    return { ...wake, ...(await buildPages(say)) };
  } catch (error) {
    log.error({ err: error }, 'the pages could not be built and are not served; `npm run build` tells more');
    return wake;
  }
}

function stopOnSignal(stopAll: () => Promise<void>): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(130);
    stopping = true;
    say(`\n${signal}: finishing what is in work …`);
    void stopAll().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

function banner(role: Role, api: Api | null, worker: Worker | null): void {
  say();
  if (api) {
    say('  Booky Hub is running.');
    say();
    say(`  GraphiQL   ${api.publicUrl}/graphql`);
    say(`  Shop       ${api.publicUrl}/app`);
    say(`  Workbench  ${api.publicUrl}/workbench`);
    if (!worker) say('  Worker     not in this process: npm run start:worker');
    if (api.firstAdmin) {
      say();
      say(`  Admin      ${api.firstAdmin.email}`);
      say(`  Password   ${api.firstAdmin.password}   (told this once)`);
    }
  } else {
    say(`  A Booky Hub ${role} is running.`);
  }
  say();
  say('  Stop       Ctrl-C');
  say();
}

/** What went wrong, in words; the system's own where we have none. */
function explain(error: unknown): string {
  if (error instanceof EmbeddedServiceError) return error.message;
  if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    return 'The port is taken by another program. Set PORT to a free one, or to 0 to take any.';
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  return `Booky Hub could not start: ${cause.message}`;
}

await main();
