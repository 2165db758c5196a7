import { expect, test } from 'vitest';
import { workflows } from '../../src/consumers/index.ts';
import { LENGTHS_MAX } from '../../src/schema/limits.ts';

test('lists that are as long as what is declared cost as much as they hold', () => {
  const stages = workflows.flatMap((workflow) => workflow.stages);
  expect(workflows.length).toBeLessThanOrEqual(LENGTHS_MAX.workflows);
  expect(stages.length).toBeLessThanOrEqual(LENGTHS_MAX.stages);
  expect(new Set(stages.map(({ on }) => on.type)).size).toBeLessThanOrEqual(LENGTHS_MAX.streams);
});
