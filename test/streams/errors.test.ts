import { expect, test } from 'vitest';
import { isTransientDatabaseError } from '../../src/streams/errors.ts';

const failure = (code: string) => new Error('a query failed', { cause: Object.assign(new Error('why'), { code }) });

test.each([
  ['57P01', 'the database was shut down'],
  ['53300', 'there was no connection left'],
  ['53100', 'its disk was full'],
  ['53200', 'it was out of memory'],
  ['08006', 'the connection failed'],
  ['40P01', 'two transactions waited for each other'],
])('%s is no fault of the work: %s', (code) => {
  expect(isTransientDatabaseError(failure(code))).toBe(true);
});

test.each([
  ['23505', 'a rule of the tables was broken'],
  ['22021', 'a character cannot be stored'],
])('%s is a fault of the work: %s', (code) => {
  expect(isTransientDatabaseError(failure(code))).toBe(false);
});
