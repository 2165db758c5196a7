import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { AnonymousAnswers } from '../../src/server/anonymous-answers.ts';
import { createBudget } from '../../src/server/budget.ts';
import { useApi } from '../schema/support/api.ts';
import { market, uuidIn } from '../schema/support/market.ts';

const api = useApi({ limits: { anonymousAnswersMs: 600_000, costPerMinuteMax: 1_000 } });
const shop = market(api);

/** A book whose price is changed where no server hears of it. */
async function bookWithNewPrice() {
  const { author, editionId } = await shop.onSale();
  const query = `{ edition(id: "${editionId}") { onSale status price { amountMinor } } } # ${randomUUID()}`;
  const price = async (token?: string) => (await api.ask(query, {}, token)).data?.['edition'];
  expect(await price()).toMatchObject({ price: { amountMinor: 499 } });
  await api.db.execute(sql`update price set amount_minor = 700 where edition_id = ${uuidIn(editionId)}`);
  return { author, editionId, price };
}

describe('an answer that was made for nobody', () => {
  test('is given again to requests without an account, and never to one with', async () => {
    const { author, price } = await bookWithNewPrice();
    expect(await price()).toMatchObject({ price: { amountMinor: 499 }, status: 'PUBLISHED' });
    expect(await price(author.token)).toMatchObject({ price: { amountMinor: 700 } });
    expect(await price('a token of nobody')).toMatchObject({ price: { amountMinor: 700 } });
  });

  test('is forgotten as soon as this process has committed anything', async () => {
    const { author, price } = await bookWithNewPrice();
    await shop.draft(author.token);
    expect(await price()).toMatchObject({ price: { amountMinor: 700 } });
  });

  test('costs whoever is given it as much as it cost the first', async () => {
    const page = '{ catalogue(first: 100) { nodes { id title } } }';
    const codes = [];
    for (let at = 0; at < 5; at++) codes.push((await api.ask(page)).errors?.[0]?.extensions?.['code'] ?? 'OK');
    expect(codes).toContain('OK');
    expect(codes.at(-1)).toBe('RATE_LIMITED');
  });
});

describe('kept answers', () => {
  const clock = { now: () => new Date(0) };
  const open = (keptMs: number) => new AnonymousAnswers({ keptMs, budget: createBudget(1_000, clock) });
  const answer = (text: string) => async () => ({ data: { text } });

  test('are made once for all who ask at the same time', async () => {
    const answers = open(1_000);
    let runs = 0;
    const run = async () => ({ data: { run: ++runs } });
    await Promise.all(Array.from({ length: 50 }, () => answers.make('request', 'address', run)));
    expect(runs).toBe(1);
  });

  test('are none with errors, none of a failure, and none when nothing is to be kept', async () => {
    const answers = open(1_000);
    await answers.make('faulty', 'address', async () => ({ errors: [] }));
    await expect(answers.make('broken', 'address', () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    const none = open(0);
    await none.make('request', 'address', answer('a'));
    expect([answers.find('faulty', 'a'), answers.find('broken', 'a'), none.find('request', 'a')]).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('do not hold what was read before a commit that came meanwhile', async () => {
    const answers = open(1_000);
    await answers.make('request', 'address', async () => {
      answers.forget();
      return { data: { text: 'old' } };
    });
    expect(answers.find('request', 'address')).toBeNull();
  });

  test('are 16 MiB at most, the oldest going first', async () => {
    const answers = open(60_000);
    const large = 'x'.repeat(500_000);
    for (let at = 0; at < 40; at++) await answers.make(`request ${at}`, 'address', answer(large));
    expect([answers.find('request 0', 'a'), answers.find('request 39', 'a')]).toEqual([null, expect.any(String)]);
    await answers.make('huge', 'address', answer(large + large));
    expect(answers.find('huge', 'a')).toBeNull();
  });
});
