/**
 * `npm run faults:mutations -- [NAME…] [--seed N]`: breaks the engine on purpose, one way at a time, and shows which row
 * of the fault catalogue catches it.
 *
 * Each mutation is applied to a temporary copy of the project; the project itself is never touched. Ends with 1 when one
 * got away. A full run writes the table into docs/faults.md, between its marks.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { recordMutations } from './record.ts';
import { type Mutation, mutations } from './table.ts';

const ROW_TIMEOUT_MS = 240_000;
const OUTPUT_SIZE_BYTES_MAX = 16 * 1024 * 1024;
const NOT_COPIED = new Set(['node_modules', '.git', 'docs']);
const project = fileURLToPath(new URL('../../..', import.meta.url));

export interface MutationReport {
  readonly mutation: Mutation;
  /** The row that caught it, and what it said; null when it got away. */
  readonly caught: { readonly row: number; readonly words: string } | null;
}

const say = (words: string): void => {
  process.stdout.write(`${words}\n`);
};

async function copyProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'booky-hub-mutation-'));
  for (const name of await readdir(project)) {
    if (!NOT_COPIED.has(name)) await cp(join(project, name), join(folder, name), { recursive: true });
  }
  await symlink(join(project, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** @throws when the place to break is not found exactly once */
async function mutate(folder: string, { name, file, before, after }: Mutation): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  const found = text.split(before).length - 1;
  if (found !== 1) throw new Error(`mutation ${name}: its text is found ${found} times in ${file}, not once`);
  await writeFile(
    path,
    text.replace(before, () => after),
  );
}

/** @returns what the row objected to; null when it saw nothing wrong */
function runRow(folder: string, row: number, seed: number): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  const command = ['test/faults/run.ts', `${row}`, '--short', '--seed', `${seed}`];
  const options = { cwd: folder, timeout: ROW_TIMEOUT_MS, maxBuffer: OUTPUT_SIZE_BYTES_MAX };
  execFile(process.execPath, command, options, (error, stdout, stderr) => {
    if (!error) return resolve(null);
    if (error.killed) return resolve(`no end within ${ROW_TIMEOUT_MS / 1_000} s`);
    if (error.code !== 1) return reject(new Error(`row ${row} could not be run: ${stderr || stdout}`));
    return resolve(objectionIn(stdout));
  });
  return promise;
}

function objectionIn(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const told = lines.find((line) => line.startsWith('FELL SHORT'))?.slice('FELL SHORT '.length);
  return (told ?? lines.at(-1) ?? '').slice(0, 200);
}

async function tryMutation(mutation: Mutation, seed: number): Promise<MutationReport> {
  const folder = await copyProject();
  try {
    await mutate(folder, mutation);
    for (const row of mutation.rows) {
      const words = await runRow(folder, row, seed);
      if (words !== null) return { mutation, caught: { row, words } };
    }
    return { mutation, caught: null };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: '1' } },
});
const chosen = mutations.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0)
  throw new Error(`there is no such mutation; there are ${mutations.map((one) => one.name).join(', ')}`);
const reports: MutationReport[] = [];
for (const mutation of chosen) {
  const report = await tryMutation(mutation, Number(values.seed));
  reports.push(report);
  const verdict = report.caught ? `caught by row ${report.caught.row}: ${report.caught.words}` : 'GOT AWAY';
  say(`${mutation.name} (${mutation.breaks})\n  ${verdict}`);
}
if (positionals.length === 0) await recordMutations(reports);
const away = reports.filter((report) => report.caught === null);
say(`\n${reports.length - away.length} of ${reports.length} mutations caught`);
process.exit(away.length > 0 ? 1 : 0);
