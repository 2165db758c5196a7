import { expect, test, vi } from 'vitest';
import { Lookups } from '../../src/accounts/lookups.ts';

/** Answers each statement when the test says so. */
function statements() {
  const asked: { keys: readonly string[]; answer: (values: ReadonlyMap<string, string>) => void; fail: () => void }[] =
    [];
  const lookups = new Lookups<string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, string>>();
    asked.push({ keys, answer: resolve, fail: () => reject(new Error('the database is away')) });
    return promise;
  });
  return { asked, lookups };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const named = (keys: readonly string[]) => new Map(keys.map((key) => [key, `of ${key}`]));

test('what is asked in one turn is one statement, each key once', async () => {
  const { asked, lookups } = statements();
  const answers = Promise.all(['a', 'b', 'a', 'nobody', 'c'].map((key) => lookups.find(key)));
  await turn();
  expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b', 'nobody', 'c']]);
  asked[0]?.answer(named(['a', 'b', 'c']));
  expect(await answers).toEqual(['of a', 'of b', 'of a', undefined, 'of c']);
});

test('a lookup that fails fails all who wait for it, and the next one asks anew', async () => {
  const { asked, lookups } = statements();
  const waiting = Promise.allSettled(['a', 'b', 'a'].map((key) => lookups.find(key)));
  await turn();
  asked[0]?.fail();
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  const again = lookups.find('a');
  await turn();
  expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b'], ['a']]);
  asked[1]?.answer(named(['a']));
  expect(await again).toBe('of a');
});

test('two statements are on their way at a time; what comes meanwhile goes together after the first of them', async () => {
  const { asked, lookups } = statements();
  const first = lookups.find('a');
  await turn();
  void lookups.find('b');
  await turn();
  const later = [lookups.find('c')];
  await turn();
  later.push(lookups.find('d'));
  await turn();
  expect(asked.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
  asked[0]?.answer(named(['a']));
  expect(await first).toBe('of a');
  await vi.waitFor(() => expect(asked[2]?.keys).toEqual(['c', 'd']));
  asked[2]?.answer(named(['c', 'd']));
  expect(await Promise.all(later)).toEqual(['of c', 'of d']);
});
