/** The fault catalogue with small loads; `npm run faults` runs the full ones. */
import { expect, test } from 'vitest';
import { readCatalogue } from './harness/catalogue.ts';
import { runRow } from './harness/run-row.ts';

const ROW_TIMEOUT_MS = 120_000;
/** One seed for all, so that a failure in CI is the same failure at home. */
const SEED = 20_261_122;

test.each(await readCatalogue())(
  'row $row holds: $title',
  async (row) => {
    const report = await runRow(row, { seed: SEED, isShort: true });
    expect(report.violations, `seed ${SEED}, logs in ${report.folder ?? 'none'}`).toEqual([]);
  },
  ROW_TIMEOUT_MS,
);
