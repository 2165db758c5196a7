/**
 * Row 23: books that were made to harm, and thousands that were broken by chance, are judged as the publishing workflow
 * judges them. Beside the books lie files that a name which climbs out would hit.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CraftedBook, craftedBooks } from '../books/crafted.ts';
import { judge, type Judged } from '../books/judge.ts';
import { mutant } from '../books/mutate.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';

const MUTANTS_FULL = 5_000;
const MUTANTS_SHORT = 40;
const AT_ONCE = 2;
const SLOWEST_MS_MAX = 5_000;
const GROWTH_MB_MAX = 150;
/** Mutants after which this process is taken for warm. */
const WARM_AFTER = 20;
/** Of the mutants that pass, one in so many is also read out. */
const READ_EVERY = 10;

class Tally {
  readonly violations: string[] = [];
  readonly verdicts = { HOSTILE: 0, BLOCKED: 0, HARMLESS: 0 };
  slowest = { ms: 0, name: '' };
  thrown = 0;
  cutShort = 0;
  #baseMb = 0;
  #peakMb = 0;

  add(name: string, { verdict, durationMs, cutShort }: Judged): void {
    this.verdicts[verdict] += 1;
    if (durationMs > this.slowest.ms) this.slowest = { ms: durationMs, name };
    if (cutShort === null) return;
    this.cutShort += 1;
    this.violations.push(`${name} was cut short: ${cutShort}`);
  }

  watchMemory(isWarm: boolean): void {
    const mb = process.memoryUsage.rss() / 1_048_576;
    this.#peakMb = Math.max(this.#peakMb, mb);
    if (!isWarm) this.#baseMb = this.#peakMb;
  }

  get growthMb(): number {
    return Math.max(0, Math.round(this.#peakMb - this.#baseMb));
  }
}

/** A folder in which nothing but the book under judgement may ever change. */
async function layOut(folder: string): Promise<{ seats: string[]; changed: () => Promise<string[]> }> {
  const canaries = ['canary.txt', 'in/canary.txt', 'in/etc/passwd', 'etc/passwd'];
  for (const canary of canaries) {
    await mkdir(join(folder, canary, '..'), { recursive: true });
    await writeFile(join(folder, canary), `untouched ${canary}`);
  }
  const seats = Array.from({ length: AT_ONCE }, (_, seat) => join(folder, 'in', `seat-${seat}`));
  for (const seat of seats) await mkdir(seat, { recursive: true });
  const before = await listing(folder);
  return { seats, changed: async () => difference(before, await listing(folder)) };
}

async function listing(folder: string): Promise<Map<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
  const found = new Map<string, string>();
  for (const { parentPath, name } of files) {
    const path = join(parentPath, name);
    if (name === 'book.epub') continue;
    found.set(
      path,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    );
  }
  return found;
}

const difference = (before: Map<string, string>, after: Map<string, string>): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path) !== after.get(path));

async function judgeCrafted(tally: Tally, seat: string, book: CraftedBook): Promise<void> {
  const path = join(seat, 'book.epub');
  await writeFile(path, book.make());
  const judged = await judge(path, { isRead: true });
  tally.add(book.name, judged);
  if (judged.verdict !== book.verdict) tally.violations.push(`${book.name}: ${judged.verdict}, not ${book.verdict}`);
  if (book.code !== null && !judged.codes.includes(book.code))
    tally.violations.push(`${book.name}: ${book.code} was not told, but ${judged.codes.join(', ')}`);
}

async function judgeMutants(context: FaultContext, tally: Tally, seats: readonly string[], count: number) {
  let next = 0;
  const work = seats.map(async (seat) => {
    const path = join(seat, 'book.epub');
    while (next < count) {
      const index = next++;
      const name = `mutant ${index}`;
      const { bytes } = mutant(context.random);
      await writeFile(path, bytes);
      try {
        const judged = await judge(path, { isRead: index % READ_EVERY === 0 });
        tally.add(name, judged);
        if (judged.verdict !== 'HARMLESS' && judged.codes.length === 0 && judged.cutShort === null)
          tally.violations.push(`${name} was refused without a word`);
      } catch (error) {
        tally.thrown += 1;
        tally.violations.push(`${name} made the reader throw: ${String(error).slice(0, 200)}`);
      }
      tally.watchMemory(index >= WARM_AFTER);
      if (index > 0 && index % 1_000 === 0) context.say(`${index} of ${count} mutants judged`);
    }
  });
  await Promise.all(work);
}

async function run(context: FaultContext): Promise<FaultResult> {
  const tally = new Tally();
  const { seats, changed } = await layOut(join(context.folder, 'books'));
  const count = context.isShort ? MUTANTS_SHORT : MUTANTS_FULL;
  const [seat = ''] = seats;
  context.say(`${craftedBooks.length} crafted books`);
  for (const book of craftedBooks) await judgeCrafted(tally, seat, book);
  context.say(`${count} mutants`);
  await judgeMutants(context, tally, seats, count);
  const strays = await changed();
  if (strays.length > 0) tally.violations.push(`written outside: ${strays.slice(0, 5).join(', ')}`);
  if (!context.isShort && tally.slowest.ms > SLOWEST_MS_MAX)
    tally.violations.push(`${tally.slowest.name} took ${tally.slowest.ms} ms`);
  if (!context.isShort && tally.growthMb > GROWTH_MB_MAX)
    tally.violations.push(`the process grew by ${tally.growthMb} MB`);
  return {
    injected: `${craftedBooks.length} books made to harm, ${count} mutants of a sound one`,
    figures: {
      'hostile, blocked, harmless': Object.values(tally.verdicts).join(', '),
      'made the reader throw': tally.thrown,
      'cut short': tally.cutShort,
      'slowest (ms)': `${tally.slowest.ms}, ${tally.slowest.name}`,
      'grew by (MB)': tally.growthMb,
      'files written outside': strays.length,
    },
    violations: tally.violations,
  };
}

const row: FaultRow = {
  row: 23,
  title: 'Books are made to harm',
  promise: [],
  loadFull: `${craftedBooks.length} crafted books and ${MUTANTS_FULL.toLocaleString('en')} mutants, two at a time`,
  loadShort: `${craftedBooks.length} crafted books and ${MUTANTS_SHORT} mutants`,
  invariant:
    'the expected verdict and fault for each crafted one, 0 crashes, ≤ 5 s each, RSS + ≤ 150 MB, 0 writes outside',
  run,
};
export default row;
