/** Section `requests`: the request path, reads, mutations, a purchase through the whole stack, and a burst of books. */
import { join } from 'node:path';
import { type Database, openDatabase } from '../../../src/db/client.ts';
import { migrateDatabase } from '../../../src/db/migrate.ts';
import { recordSection } from '../figures/record-section.ts';
import { formatNumber, percentile } from '../figures/statistics.ts';
import { describeMachine } from '../machine/machine.ts';
import { type PrivateServers, startPrivateServers } from '../machine/servers.ts';
import type { BenchOptions } from '../options.ts';
import { mayRecord, type Section } from '../section.ts';
import { growCatalogue } from './catalogue-rows.ts';
import { prepareBurst } from './epub-burst.ts';
import { openOrderSource } from './order-load.ts';
import { readPages } from './page-reads.ts';
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
  readonly paceSeconds: number;
  /** Of purchases at that pace before any is measured: while its compiler works, a process is not yet what it will be. */
  readonly warmUpSeconds: number;
  readonly books: number;
}

const WHOLE: Sizes = {
  small: 10_000,
  large: 1_000_000,
  purchases: 100_000,
  loadMs: 3_000,
  paceSeconds: 8,
  warmUpSeconds: 20,
  books: 200,
};
const QUICK: Sizes = {
  small: 2_000,
  large: 20_000,
  purchases: 30_000,
  loadMs: 600,
  paceSeconds: 2,
  warmUpSeconds: 2,
  books: 10,
};
const PURCHASES_PER_SECOND = 50;

async function run(options: BenchOptions): Promise<void> {
  const sizes = options.isQuick ? QUICK : WHOLE;
  const servers = await startPrivateServers();
  try {
    const machine = await describeMachine(servers);
    console.log(machine);
    const purchases = await measurePurchases(servers, sizes, options.rounds);
    const requests = await measureRequests(servers, sizes, options.rounds);
    const day = new Date().toISOString().slice(0, 10);
    const findings: Findings = { day, machine, rounds: options.rounds, sizes, ...requests, ...purchases };
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

/** The ways of asking at the small size, then pages at both sizes. */
function measureRequests(servers: PrivateServers, sizes: Sizes, rounds: number) {
  return withDatabase(servers, 'requests', async (url, database) => {
    await database.sql`create table bare_row (id uuid primary key, note text not null)`;
    await growCatalogue(database.sql, sizes.small);
    const orders = await openOrderSource(database, sizes.purchases);
    await database.sql.unsafe('vacuum analyze');
    const { token } = orders.next();
    const [bare, plain] = [await startBareYoga(url), await startBareYoga(url, 'plain')];
    const { api } = await startBooky(servers, url);
    try {
      const { postgresPid } = servers;
      const ways = await compareWays({ bare, plain, api, orders, token, postgresPid }, rounds, sizes.loadMs);
      const small = await readPages(api.url, token, sizes.loadMs / 3);
      await growCatalogue(database.sql, sizes.large);
      const large = await readPages(api.url, token, sizes.loadMs / 3);
      const pages = [...small].map(([label, smallMs]) => ({ label, smallMs, largeMs: large.get(label) ?? Number.NaN }));
      for (const page of pages) console.log(`page ${JSON.stringify(page)}`);
      return { ways, pages };
    } finally {
      for (const one of [bare, plain, api]) await one.stop();
    }
  });
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
  missing = 0;

  add(what: string, { latenciesMs, acceptedMs, missing }: PaceResult): void {
    this.p50.push(percentile(latenciesMs, 0.5));
    this.p99.push(percentile(latenciesMs, 0.99));
    this.missing += missing;
    const accepted = `accepted p50 ${formatNumber(percentile(acceptedMs, 0.5))}, p99 ${formatNumber(percentile(acceptedMs, 0.99))} ms`;
    console.log(
      `${what}  p50 ${formatNumber(this.p50.at(-1) ?? 0)}, p99 ${formatNumber(this.p99.at(-1) ?? 0)} ms; ${accepted}`,
    );
  }
}
