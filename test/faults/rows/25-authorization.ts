/** Row 25: everybody asks for everything, and gets what docs/authorization.md says, field by field. */
import { measureStack } from '../../authorization/run.ts';
import { differences, readTable } from '../../authorization/table.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';

async function run(context: FaultContext): Promise<FaultResult> {
  const { matrix, asked, suspicions, ungiven } = await measureStack(context);
  const wrong = differences(await readTable(), matrix);
  return {
    injected: 'each field, mutation, subscription and link of the owner’s things, asked for by seven callers',
    figures: {
      rows: matrix.size,
      'questions asked': asked,
      'rows that nobody was given': ungiven,
      leaks: wrong.length,
    },
    violations: [...wrong, ...suspicions],
  };
}

const row: FaultRow = {
  row: 25,
  title: 'Everybody asks for everything',
  promise: [7],
  loadFull: 'every field of every type, every mutation, subscription and link, by each of seven callers over HTTP',
  loadShort: 'the same',
  invariant: 'a row for every field; each caller gets what the row says and nothing else',
  run,
};
export default row;
