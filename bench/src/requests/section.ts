/** Section `requests`: the request path, reads, mutations, a purchase through the whole stack, and a burst of books. */
import { join } from 'node:path';
import { type Database, openDatabase } from '../../../src/db/client.ts';
import { migrateDatabase } from '../../../src/db/migrate.ts';
import { recordSection } from '../figures/record-section.ts';
import { formatNumber, percentile } from '../figures/statistics.ts';
import { describeMachine } from '../machine/machine.ts';
import { type PrivateServers, startPrivateServers } from '../machine/servers.ts';
import { type BenchOptions, OptionError } from '../options.ts';
import { mayRecord, type Section } from '../section.ts';
import { growCatalogue } from './catalogue-rows.ts';
import { prepareBurst } from './epub-burst.ts';
import { openOrderSource } from './order-load.ts';
import { comparePages } from './page-reads.ts';
import { keepPace, type PaceResult } from './purchase-pace.ts';
import { type Findings, goalTable, type LatencyRounds, requestsSection } from './report.ts';
import { startBareYoga, startBooky } from './servers-under-load.ts';
import { compareWays } from './ways.ts';

export const requests: Section = {
  name: 'requests',
  question: 'what do the guarantees cost a request, and how long does a purchase take through the whole stack?',
  run,
};

interface Sizes {
  readonly small: number;
  readonly large: number;
  readonly purchases: number;
  readonly loadMs: number;
  /** Of each way of asking, once. */
  readonly loadWarmUpMs: number;
  /** Of each round: a minute, after which autovacuum comes again, so that it comes once to each. */
  readonly paceSeconds: number;
  /** Of purchases at that pace before any is measured: while its compiler works, a process is not yet what it will be. */
  readonly warmUpSeconds: number;
  readonly books: number;
}

const WHOLE: Sizes = {
  small: 10_000,
  large: 1_000_000,
  purchases: 250_000,
  loadMs: 3_000,
  loadWarmUpMs: 20_000,
  paceSeconds: 60,
  warmUpSeconds: 20,
  books: 200,
};
const QUICK: Sizes = {
  small: 2_000,
  large: 20_000,
  purchases: 30_000,
  loadMs: 600,
  loadWarmUpMs: 500,
  paceSeconds: 2,
  warmUpSeconds: 2,
  books: 10,
};
const PURCHASES_PER_SECOND = 50;

const PARTS = ['pace', 'ways', 'pages'];

async function run(options: BenchOptions): Promise<void> {
  if (options.only.some((part) => !PARTS.includes(part)))
    throw new OptionError(`This section has the parts ${PARTS.join(', ')}.`);
  const isWanted = (part: string) => options.only.length === 0 || options.only.includes(part);
  const { isQuick, rounds } = options;
  const sizes = isQuick ? QUICK : WHOLE;
  const servers = await startPrivateServers();
  try {
    const machine = await describeMachine(servers);
    console.log(machine);
    const pace = isWanted('pace') ? await measurePurchases(servers, sizes, rounds) : null;
    const ways = isWanted('ways') ? await measureWays(servers, sizes, rounds) : null;
    const pages = isWanted('pages') ? await measurePages(servers, sizes, rounds) : null;
    if (!pace || !ways || !pages) return;
    const day = new Date().toISOString().slice(0, 10);
    const findings: Findings = { day, machine, rounds, sizes, ways, pages, ...pace };
    console.log(`\n${goalTable(findings)}`);
    if (mayRecord(options)) await recordSection('requests', requestsSection(findings));
  } finally {
    await servers.stop();
  }
}

async function withDatabase<T>(servers: PrivateServers, name: string, use: (url: string, db: Database) => Promise<T>) {
  await servers.emptyRedis();
  const url = await servers.createDatabase(name);
  await migrateDatabase(url);
  const database = openDatabase(url, { poolMax: 2 });
  try {
    return await use(url, database);
  } finally {
    await database.close();
    await servers.dropDatabase(name);
  }
}

/** The ways of asking, at the small size. */
function measureWays(servers: PrivateServers, sizes: Sizes, rounds: number) {
  return withDatabase(servers, 'requests', async (url, database) => {
    await database.sql`create table bare_row (id uuid primary key, note text not null)`;
    await growCatalogue(database.sql, sizes.small);
    const orders = await openOrderSource(database, sizes.purchases);
    await database.sql.unsafe('vacuum analyze');
    const [bare, plain] = [await startBareYoga(url), await startBareYoga(url, 'plain')];
    const { api } = await startBooky(servers, url);
    try {
      return await compareWays(
        { bare, plain, api, orders, token: orders.next().token, postgresPid: servers.postgresPid },
        rounds,
        { warmUpMs: sizes.loadWarmUpMs, durationMs: sizes.loadMs },
      );
    } finally {
      for (const one of [bare, plain, api]) await one.stop();
    }
  });
}

/** Pages of a small and of a large catalogue, each in a database with an API process of its own. */
function measurePages(servers: PrivateServers, sizes: Sizes, rounds: number) {
  return withCatalogue(servers, 'large', sizes.large, (large) =>
    withCatalogue(servers, 'small', sizes.small, async (small) => {
      const [few, many] = [await openShelf(servers, small), await openShelf(servers, large)];
      try {
        const pages = await comparePages({ small: few, large: many }, rounds, sizes.loadMs / 3);
        for (const { label, ...ms } of pages) console.log(`${label.padEnd(36)} ${JSON.stringify(ms)}`);
        return pages;
      } finally {
        for (const one of [few, many]) await one.stop();
      }
    }),
  );
}

interface Catalogue {
  readonly url: string;
  /** Of a buyer's session. */
  readonly token: string;
}

function withCatalogue<T>(
  servers: PrivateServers,
  name: string,
  editions: number,
  use: (catalogue: Catalogue) => Promise<T>,
) {
  return withDatabase(servers, `catalogue_${name}`, async (url, database) => {
    const orders = await openOrderSource(database, 1);
    await growCatalogue(database.sql, editions);
    return use({ url, token: orders.next().token });
  });
}

async function openShelf(servers: PrivateServers, { url, token }: Catalogue) {
  const { api } = await startBooky(servers, url);
  return { url: api.url, token, stop: () => api.stop() };
}

/** A steady rate of purchases, first alone, then beside one burst of books, which takes longer than all the rounds. */
function measurePurchases(servers: PrivateServers, sizes: Sizes, rounds: number) {
  return withDatabase(servers, 'purchases', async (url, database) => {
    const orders = await openOrderSource(
      database,
      PURCHASES_PER_SECOND * (sizes.warmUpSeconds + sizes.paceSeconds * 2 * rounds),
    );
    const dataDir = join(servers.folder, 'requests');
    const burst = await prepareBurst(database, dataDir, sizes.books);
    await database.sql.unsafe('vacuum analyze');
    const { api, worker } = await startBooky(servers, url);
    await worker.start();
    const pace = { perSecond: PURCHASES_PER_SECOND, seconds: sizes.paceSeconds };
    const [alone, beside, booksValidated]: [Rounds, Rounds, number[]] = [new Rounds(), new Rounds(), []];
    try {
      await keepPace(api.url, orders, { ...pace, seconds: sizes.warmUpSeconds });
      // As autovacuum does within a minute: until then every plan is one for empty tables.
      await database.sql.unsafe('analyze');
      for (let round = 0; round < rounds; round++) alone.add('alone ', await keepPace(api.url, orders, pace));
      await burst.submit();
      for (let round = 0; round < rounds; round++) beside.add('beside', await keepPace(api.url, orders, pace));
      booksValidated.push((await burst.progress()).validated);
    } finally {
      await worker.stop();
      await api.stop();
    }
    const { warmUpSeconds } = sizes;
    return { alone, beside, warmUpSeconds, booksValidated, missing: alone.missing + beside.missing };
  });
}

class Rounds implements LatencyRounds {
  readonly p50: number[] = [];
  readonly p99: number[] = [];
  readonly #latenciesMs: number[] = [];
  missing = 0;

  get p99OfAll(): number {
    return percentile(this.#latenciesMs, 0.99);
  }

  add(what: string, { latenciesMs, acceptedMs, missing }: PaceResult): void {
    this.p50.push(percentile(latenciesMs, 0.5));
    this.p99.push(percentile(latenciesMs, 0.99));
    this.#latenciesMs.push(...latenciesMs);
    this.missing += missing;
    const accepted = `accepted p50 ${formatNumber(percentile(acceptedMs, 0.5))}, p99 ${formatNumber(percentile(acceptedMs, 0.99))} ms`;
    console.log(
      `${what}  p50 ${formatNumber(this.p50.at(-1) ?? 0)}, p99 ${formatNumber(this.p99.at(-1) ?? 0)} ms; ${accepted}`,
    );
  }
}
