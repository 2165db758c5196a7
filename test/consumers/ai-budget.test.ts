import { expect, test } from 'vitest';
import { createAiBudget } from '../../src/consumers/enrich/ai-budget.ts';
import { useDatabase } from '../support/database.ts';
import { ManualClock } from '../streams/support.ts';

const database = useDatabase();
const open = (clock = new ManualClock()) =>
  createAiBudget(database.current.db, { tokensMaxPerDay: 1_000, costMicrosMaxPerDay: 50 }, clock);

test('grants what is left of the day, and no more, to rivals that ask at once', async () => {
  const budget = open();
  const answers = await Promise.all(Array.from({ length: 5 }, () => budget.reserve({ tokens: 300, costMicros: 1 })));
  expect(answers.filter((answer) => answer.kind === 'GRANTED')).toHaveLength(3);
});

test('gives back what a call did not use', async () => {
  const budget = open();
  const first = await budget.reserve({ tokens: 900, costMicros: 10 });
  if (first.kind === 'GRANTED') await budget.settle(first.reservationId, { tokens: 100, costMicros: 2 });
  expect((await budget.reserve({ tokens: 900, costMicros: 48 })).kind).toBe('GRANTED');
});

test('refuses until midnight when the cost is spent, and starts anew the next day', async () => {
  const clock = new ManualClock();
  const budget = open(clock);
  expect(await budget.reserve({ tokens: 1, costMicros: 51 })).toEqual({ kind: 'REFUSED', retryAfterMs: 86_400_000 });
  await budget.reserve({ tokens: 1_000, costMicros: 50 });
  expect((await budget.reserve({ tokens: 1, costMicros: 0 })).kind).toBe('REFUSED');
  clock.advanceTime(86_400_000);
  expect((await budget.reserve({ tokens: 1, costMicros: 0 })).kind).toBe('GRANTED');
});
