/**
 * `npm run matrix`: asks the program everything as everybody and writes docs/authorization.md. What it writes is what is,
 * not what should be: read `git diff docs/authorization.md` before you commit it.
 */
import type { FaultRow } from '../faults/harness/row.ts';
import { runRow } from '../faults/harness/run-row.ts';
import { measureStack } from './run.ts';
import { differences, readTable, writeTable } from './table.ts';

const say = (words: string): void => {
  process.stdout.write(`${words}\n`);
};

const row: FaultRow = {
  row: 25,
  title: 'The authorization matrix is written',
  promise: [7],
  loadFull: '',
  loadShort: '',
  invariant: '',
  run: async (context) => {
    const { matrix, suspicions } = await measureStack(context);
    for (const difference of differences(await readTable(), matrix)) say(`  ${difference}`);
    await writeTable(matrix);
    return { injected: '', figures: { rows: matrix.size }, violations: suspicions };
  },
};

const { violations, figures } = await runRow(row, { seed: 25, isShort: true, say });
for (const violation of violations) say(`WRONG ${violation}`);
say(`${figures['rows'] ?? 0} rows are in docs/authorization.md. Now read: git diff docs/authorization.md`);
process.exit(violations.length > 0 ? 1 : 0);
