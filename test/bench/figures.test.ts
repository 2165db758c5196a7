/** What the bench says of its measurements: statistics, and sections of the page that leave each other alone. */
import { describe, expect, test } from 'vitest';
import { barPlot } from '../../bench/src/figures/bar-plot.ts';
import { replaceSection } from '../../bench/src/figures/record-section.ts';
import { formatSummary, median, percentile, spread, summarize } from '../../bench/src/figures/statistics.ts';
import { OptionError, readOptions } from '../../bench/src/options.ts';

describe('statistics', () => {
  test('a percentile is a value that occurred, by the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([50, 99, 100]);
    expect(percentile([7], 0.99)).toBe(7);
  });

  test('the median of an even number of rounds lies between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });

  test('the spread is half the range as a share of the median, and is told with several rounds only', () => {
    expect(spread(summarize([90, 100, 110]))).toBeCloseTo(0.1);
    const told = [[900, 1_000, 1_100], [5], [0, 0, 3]].map((rounds) => formatSummary(summarize(rounds)));
    expect(told).toEqual(['1,000 ± 10 %', '5', '0']);
  });

  test('nothing measured reads as a dash', () => {
    expect(formatSummary(summarize([]))).toBe('–');
  });
});

describe('sections of the page', () => {
  const page = replaceSection(replaceSection('# Performance\n', 'reads', 'first'), 'purchases', 'second');

  test('a new one goes to the end, a known one keeps its place', () => {
    const changed = replaceSection(page, 'reads', 'first, measured again');
    expect(changed.indexOf('first, measured again')).toBeLessThan(changed.indexOf('second'));
    expect(changed).not.toContain('first\n');
  });

  test('words by hand and other sections survive', () => {
    const changed = replaceSection(`${page}\nBy hand.\n`, 'purchases', 'third');
    expect(changed).toContain('first');
    expect(changed).toContain('By hand.');
    expect(changed).not.toContain('second');
  });
});

describe('the plot', () => {
  const bars = [
    { label: 'ours & yours', summary: summarize([9, 10, 11]), group: 'ours' as const },
    { label: 'nothing measured', summary: summarize([]), group: 'rival' as const },
  ];

  test('escapes what it is told, and holds no number that is none', () => {
    const svg = barPlot({ title: 'a < b', unit: 'per second', bars, words: { ours: 'us' } });
    expect(svg).toContain('a &lt; b');
    expect(svg).toContain('ours &amp; yours');
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('the command line', () => {
  test('refuses what it does not know, in words', () => {
    expect(() => readOptions(['pruchases'], ['purchases'])).toThrow(OptionError);
    expect(() => readOptions(['--rounds', '0'], ['purchases'])).toThrow(/whole number from 1/);
    expect(() => readOptions(['--rouds', '3'], ['purchases'])).toThrow(OptionError);
  });

  test('measures everything three times by default, and once when it is quick', () => {
    expect(readOptions([], [])).toMatchObject({ sections: [], only: [], rounds: 3, purchases: 5_000 });
    expect(readOptions(['--quick'], [])).toMatchObject({ rounds: 1, isQuick: true });
  });
});
