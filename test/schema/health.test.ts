import { expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { healthReports } from '../../src/db/tables/index.ts';
import { useApi } from './support/api.ts';

let nowMs = Date.parse('2026-01-01T00:00:00Z');
const api = useApi({ now: () => new Date(nowMs) });
const HEALTH = '{ health { status checks { name status detail } } }';

async function report(): Promise<void> {
  const at = new Date(nowMs);
  const checks = [{ name: 'redis', status: 'UP' as const, detail: 'Redis answers.', durationMs: 1 }];
  await api.db.insert(healthReports).values({ id: newId(), slot: at, status: 'UP', checks, createdAt: at });
}

test('a report that no other has followed in time is DOWN, and says what to look at', async () => {
  const { token } = await api.signUp('ADMIN');
  await report();
  nowMs += 60_000;
  await report();
  nowMs += 110_000;
  expect((await api.ask(HEALTH, {}, token)).data).toMatchObject({ health: { status: 'UP' } });
  nowMs += 15_000;
  expect((await api.ask(HEALTH, {}, token)).data).toEqual({
    health: {
      status: 'DOWN',
      checks: [
        { name: 'report-age', status: 'DOWN', detail: expect.stringContaining('The last report is 125 s old') },
        { name: 'redis', status: 'UP', detail: 'Redis answers.' },
      ],
    },
  });
  await report();
  expect((await api.ask(HEALTH, {}, token)).data).toMatchObject({ health: { status: 'UP' } });
});
