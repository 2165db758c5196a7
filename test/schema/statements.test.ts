import { beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { deadLetters, events, runs } from '../../src/db/tables/index.ts';
import { useApi } from './support/api.ts';
import { countReads } from './support/count-reads.ts';

const api = useApi({ keepRows: true });
const RUNS = 60;
let token = '';

beforeAll(async () => {
  ({ token } = await api.signUp('ADMIN'));
  for (let at = 0; at < RUNS; at++) {
    const runId = `receipt/${at}`;
    const run = { id: runId, workflow: 'receipt', subject: `order:${at}`, shard: 0, stage: 'receipt.send' };
    await api.db
      .insert(runs)
      .values({ ...run, state: 'PARKED' as const, atEventId: at, startedAt: new Date(1_000_000 + at) });
    const event = { shard: 0, type: 'order.placed', subject: `order:${at}`, runId };
    await api.db.insert(events).values(
      // One run has more than a timeline shows; it takes nothing from the others.
      Array.from({ length: at === 0 ? 230 : 2 }, (_, index) => ({ ...event, seq: index + 1, payload: { at } })),
    );
    await api.db.insert(deadLetters).values({
      id: newId(),
      stage: 'receipt.send',
      stream: 'order.placed',
      eventId: at,
      runId,
      reason: 'POISON',
      error: 'Error: x',
      attempts: 1,
      payload: {},
    });
  }
});

/** Asks, and counts what reads of this table it took. */
async function readsOf(table: string, query: string) {
  const { answer, reads } = await countReads(api.db, table, () => api.ask(query, {}, token));
  expect(answer.errors).toBeUndefined();
  return { data: answer.data, reads };
}

test('the timelines of a page of runs are one statement, each with its first 200 events in order', async () => {
  const { data, reads } = await readsOf('event', '{ runs(first: 100) { nodes { id timeline { seq } } } }');
  expect(reads).toBe(1);
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => ({ seq: index + 1 }));
  const nodes = Array.from({ length: RUNS }, (_, at) => ({
    id: `receipt/${at}`,
    timeline: upTo(at === 0 ? 200 : 2),
  })).toReversed();
  expect(data).toEqual({ runs: { nodes } });
});

test('the runs of a page of dead letters are one statement', async () => {
  const { data, reads } = await readsOf('run', '{ deadLetters(first: 100) { nodes { run { state } } } }');
  expect(reads).toBe(1);
  expect(data).toEqual({ deadLetters: { nodes: Array.from({ length: RUNS }, () => ({ run: { state: 'PARKED' } })) } });
});
