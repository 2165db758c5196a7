/**
 * `npm run import -- FILE.csv`: books of a list, into the catalogue.
 *
 * Exit: 0 all was read (bad cells are in the report), 1 nothing could be imported or it broke off; run it again then.
 */
import { openDatabase } from '../db/client.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { EmbeddedServiceError } from '../embedded/errors.ts';
import { loadEnv } from '../env.ts';
import { ImportError } from './errors.ts';
import { importBooks, type ImportSummary } from './import-books.ts';
import { openTarget } from './open-target.ts';
import { type CommandLine, readCommandLine, USAGE } from './options.ts';
import { countRows } from './read-rows.ts';
import { findOwner } from './store-books.ts';

const BAR_CHARS = 30;
const POOL_MAX = 2;

const say = (words: string): void => {
  process.stderr.write(`${words}\n`);
};
const quiet = { info: () => {}, warn: () => {}, error: (_fields: object, message: string) => say(message) };

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const command = readCommandLine(process.argv.slice(2));
  // A bad file is told before any server is started.
  await countRows(command.csvPath);
  const target = await openTarget(loadEnv(), quiet, say);
  try {
    await migrateDatabase(target.url);
    const { db, close } = openDatabase(target.url, { poolMax: POOL_MAX, applicationName: 'booky-hub import' });
    try {
      const ownerId = await findOwner(db, command.owner);
      const { csvPath, reportPath, price, source } = command;
      const now = new Date();
      const summary = await importBooks({
        db,
        ownerId,
        source,
        price,
        now,
        csvPath,
        reportPath,
        onProgress: drawBar(),
      });
      process.stdout.write(tell(summary, command));
    } finally {
      await close();
    }
  } finally {
    await target.stop();
  }
}

/** Redrawn in place on a terminal; elsewhere one line for each tenth. */
function drawBar(): (done: number, total: number) => void {
  let tenth = -1;
  return (done, total) => {
    const share = total === 0 ? 1 : done / total;
    const filled = Math.round(share * BAR_CHARS);
    const line = `[${'█'.repeat(filled)}${'·'.repeat(BAR_CHARS - filled)}] ${done.toLocaleString('en')} of ${total.toLocaleString('en')} rows`;
    if (process.stderr.isTTY) process.stderr.write(`\r${line}${done >= total ? '\n' : ''}`);
    else if (Math.floor(share * 10) > tenth) {
      tenth = Math.floor(share * 10);
      say(line);
    }
  };
}

function tell(summary: ImportSummary, { reportPath, price }: CommandLine): string {
  const { rows, added, present, skipped, notes } = summary;
  const lines = Object.entries(notes)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `    ${count.toLocaleString('en').padStart(7)}  ${kind}\n`);
  return (
    `  ${rows.toLocaleString('en')} rows: ${added.toLocaleString('en')} added at ${price.amountMinor} minor units of ` +
    `${price.currency}, ${present.toLocaleString('en')} there already, ${skipped.toLocaleString('en')} skipped.\n` +
    (lines.length === 0
      ? '  Every cell was taken as it stood.\n'
      : `  Cells not taken as they stood, each a line of ${reportPath}:\n`) +
    lines.join('')
  );
}

try {
  await main();
} catch (error) {
  const isPlain = error instanceof ImportError || error instanceof EmbeddedServiceError;
  const words =
    error instanceof Error
      ? isPlain
        ? `${error.code}: ${error.message}`
        : (error.stack ?? error.message)
      : String(error);
  say(words);
  process.exitCode = 1;
}
