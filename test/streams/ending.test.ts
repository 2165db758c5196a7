import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { endWith } from '../../src/streams/ending.ts';

test('one signal ends all that were not forgotten, by one listener', () => {
  const stopping = new AbortController();
  const many = Array.from({ length: 40 }, () => new AbortController());
  const forget = many.map((one) => endWith(stopping.signal, one));
  expect(getEventListeners(stopping.signal, 'abort')).toHaveLength(1);
  forget[7]?.();
  stopping.abort('stop');
  expect(many.filter(({ signal }) => !signal.aborted)).toEqual([many[7]]);
  expect(many[0]?.signal.reason).toBe('stop');
});

test('what is begun after the end is ended at once', () => {
  const late = new AbortController();
  endWith(AbortSignal.abort('stopped'), late);
  expect(late.signal.reason).toBe('stopped');
});
