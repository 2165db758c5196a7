import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { advance, backoff, declare, defineEvent, flowGraph, flowMermaid, once } from '../../src/streams/index.ts';
import { nextDelayMs } from '../../src/streams/retry.ts';
import { shipping } from './workflows.ts';

const { stage, workflow } = declare<null>();
const event = (name: string, terminal = false) =>
  defineEvent(name, { payload: z.object({}), subject: () => 'thing', terminal });
const begun = event('thing.begun');
const half = event('thing.half-done');
const done = event('thing.done', true);
const failed = event('thing.failed', true);
const failsWith = { event: failed, build: async () => failed.of({}) };

const sqlStage = (name: string, on: typeof begun, emits: (typeof begun)[], options = {}) =>
  stage(name, { on, emits, retry: once, runBatch: async () => [], ...options });
const callStage = (name: string, on: typeof begun, emits: (typeof begun)[], options = {}) =>
  stage(name, { on, emits, retry: once, run: async () => advance(done.of({})), ...options });

describe('workflow() refuses at load', () => {
  const refused =
    (stages: ReturnType<typeof sqlStage>[], options = {}) =>
    () =>
      workflow('work', { startedBy: 'test', stages, ...options });

  test('a stage declared twice', () => {
    expect(refused([sqlStage('one', begun, [half]), sqlStage('one', half, [done])])).toThrow(
      "the stage 'one' is declared twice",
    );
  });
  test('two stages on one event', () => {
    expect(refused([sqlStage('one', begun, [done]), sqlStage('two', begun, [done])])).toThrow('both consume');
  });
  test('a stage before the pivot that calls out and cannot be undone', () => {
    const stages = [callStage('one', begun, [half]), callStage('two', half, [done], { pivot: true })];
    expect(refused(stages, { failsWith })).toThrow("'one' calls out before the pivot 'two' and has no compensation");
  });
  test('compensations without an end for the run', () => {
    expect(refused([callStage('one', begun, [done], { compensate: async () => null })])).toThrow('no failsWith');
  });
  test('an event that nobody consumes and that is not marked terminal', () => {
    expect(refused([sqlStage('one', begun, [half])])).toThrow(
      "'thing.half-done', emitted by 'one', is consumed by no stage",
    );
  });
  test('a terminal event that a stage consumes', () => {
    expect(refused([sqlStage('one', begun, [done]), sqlStage('two', done, [failed])])).toThrow(
      'marked terminal and yet consumed',
    );
  });
  test('a cycle', () => {
    expect(refused([sqlStage('one', begun, [half]), sqlStage('two', half, [begun])])).toThrow('one → two → one');
  });
  test('two first stages', () => {
    expect(refused([sqlStage('one', begun, [done]), sqlStage('two', half, [done])])).toThrow('one first stage');
  });
  test('two pivots', () => {
    const stages = [sqlStage('one', begun, [half], { pivot: true }), sqlStage('two', half, [done], { pivot: true })];
    expect(refused(stages)).toThrow('2 pivots');
  });
  test('an event name that is not noun.past-tense', () => {
    expect(() => event('ThingDone')).toThrow('not of the form');
  });
});

test('an event that a stage returns and does not declare does not compile', () => {
  stage('typed', {
    on: begun,
    emits: [half] as const,
    retry: once,
    run: async () => advance(half.of({})),
  });
  const stray = defineEvent('stray.returned', { payload: z.object({}), subject: () => 'x' });
  const declared = defineEvent('declared.returned', { payload: z.object({}), subject: () => 'x' });
  stage('typed', {
    on: begun,
    emits: [declared],
    retry: once,
    // @ts-expect-error 'stray.returned' is not in emits; tsc fails when this line stops being an error
    run: async () => advance(stray.of({})),
  });
  expect(stray.type).toBe('stray.returned');
});

describe('a retry policy', () => {
  const policy = backoff({ attemptsMax: 5, delayMs: 100, delayMsMax: 1_000 });
  test('waits longer each time, up to its longest wait, with half of it left to chance', () => {
    expect([1, 2, 3, 4].map((failures) => nextDelayMs(policy, failures, () => 1))).toEqual([100, 200, 400, 800]);
    expect([1, 2, 3, 4].map((failures) => nextDelayMs(policy, failures, () => 0))).toEqual([50, 100, 200, 400]);
  });
  test('has no wait when no try is left', () => {
    expect(nextDelayMs(policy, 5, () => 0)).toBeNull();
  });
});

test('the flow graph is the declaration', () => {
  const graph = flowGraph([shipping]);
  expect(graph.workflows[0]?.stages.map((one) => [one.id, one.on, one.emits, one.pivot, one.compensates])).toEqual([
    ['shipping.pack', ['parcel.ordered'], ['parcel.packed', 'parcel.refused'], false, false],
    ['shipping.pay', ['parcel.packed'], ['parcel.paid'], true, true],
    ['shipping.ship', ['parcel.paid'], ['parcel.shipped'], false, false],
  ]);
  expect(flowMermaid(graph)).toContain('shipping_pack -->|parcel.packed| shipping_pay');
});
