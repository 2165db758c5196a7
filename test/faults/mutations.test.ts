import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mutations } from './mutations/table.ts';

test.each(mutations)('the mutation $name still finds what it breaks', ({ file, before }) => {
  const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
  expect(text.split(before)).toHaveLength(2);
});
