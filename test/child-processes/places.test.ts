import { expect, test } from 'vitest';
import { Places } from '../../src/child-processes/places.ts';

/** Work that lasts until it is told to end. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let hasBegun = false;
  const work = () => {
    hasBegun = true;
    return promise;
  };
  return { work, end: resolve, fail: reject, hasBegun: () => hasBegun };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('no more begin than there are places, and who came first goes first', async () => {
  const places = new Places(2);
  const works = [held(), held(), held(), held()];
  const results = works.map(({ work }) => places.take(work));
  await settle();
  expect(works.map((work) => work.hasBegun())).toEqual([true, true, false, false]);
  works[1]?.end('second');
  await settle();
  expect(works.map((work) => work.hasBegun())).toEqual([true, true, true, false]);
  for (const work of works) work.end('done');
  expect(await Promise.all(results)).toEqual(['done', 'second', 'done', 'done']);
});

test('a place is free again when the work throws', async () => {
  const places = new Places(1);
  await expect(places.take(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await places.take(async () => 'next')).toBe('next');
});

test('who gives up while waiting leaves the row, and takes no place', async () => {
  const places = new Places(1);
  const [first, second, third] = [held(), held(), held()];
  const leaving = new AbortController();
  const done = [places.take(first.work), places.take(third.work)];
  const gone = places.take(second.work, leaving.signal);
  leaving.abort(new Error('no longer wanted'));
  await expect(gone).rejects.toThrow('no longer wanted');
  first.end('first');
  third.end('third');
  expect(await Promise.all(done)).toEqual(['first', 'third']);
  expect(second.hasBegun()).toBe(false);
  await expect(places.take(second.work, leaving.signal)).rejects.toThrow('no longer wanted');
  expect(await places.take(async () => 'free')).toBe('free');
});
