/**
 * A horizontal bar plot as SVG: one bar per contestant, with the range of its rounds.
 *
 * Readable on light and dark pages alike: text and axis take their colour from `prefers-color-scheme`, the bars have
 * colours that stand out on both, and nothing is painted behind them. The axis is linear and starts at zero.
 */
import { formatNumber, type Summary } from './statistics.ts';

export interface Bar {
  readonly label: string;
  readonly summary: Summary;
  readonly group: keyof typeof COLOURS;
}

const COLOURS = { ours: '#e8590c', rival: '#4c8dce', limit: '#8a8f98' } as const;
const WIDTH = 860;
const LABEL_WIDTH = 320;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 20;
const ROW_HEIGHT = 30;
const TOP = 52;
const BOTTOM = 44;
const TICKS = 5;

/** @param words what the groups are, for the legend */
export function barPlot(options: {
  title: string;
  unit: string;
  bars: readonly Bar[];
  words: Readonly<Partial<Record<keyof typeof COLOURS, string>>>;
}): string {
  const { title, unit, bars, words } = options;
  const height = TOP + bars.length * ROW_HEIGHT + BOTTOM;
  const highest = Math.max(...bars.map(({ summary }) => (Number.isFinite(summary.max) ? summary.max : 0)), 1);
  const step = niceStep(highest / TICKS);
  const end = Math.ceil(highest / step) * step;
  const span = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const x = (value: number) => LABEL_WIDTH + (value / end) * span;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  const bottom = TOP + bars.length * ROW_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 15px; font-weight: 600; }
  .quiet { font-size: 12px; fill: #59636e; }
  .grid { stroke: #59636e; stroke-opacity: 0.25; }
  .range { stroke: #24292f; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #9198a1; }
    .range { stroke: #e6edf3; }
  }
</style>
<text class="title" x="8" y="20">${escape(title)}</text>
${legend(words)}
${ticks.map((tick) => `<line class="grid" x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${TOP - 4}" y2="${bottom}"/><text class="quiet" x="${round(x(tick))}" y="${bottom + 18}" text-anchor="middle">${formatNumber(tick)}</text>`).join('\n')}
<text class="quiet" x="${LABEL_WIDTH + span / 2}" y="${bottom + 36}" text-anchor="middle">${escape(unit)}</text>
${bars.map((bar, index) => drawBar(bar, TOP + index * ROW_HEIGHT, x)).join('\n')}
</svg>
`;
}

function drawBar({ label, summary, group }: Bar, top: number, x: (value: number) => number): string {
  const middle = top + BAR_HEIGHT / 2;
  const { median, min, max } = summary;
  const name = `<text x="${LABEL_WIDTH - 10}" y="${middle + 5}" text-anchor="end">${escape(label)}</text>`;
  if (!Number.isFinite(median)) return `${name}<text class="quiet" x="${x(0) + 6}" y="${middle + 5}">–</text>`;
  return (
    `${name}<rect x="${round(x(0))}" y="${top}" width="${round(Math.max(1, x(median) - x(0)))}" height="${BAR_HEIGHT}" rx="2" fill="${COLOURS[group]}"/>` +
    `<line class="range" x1="${round(x(min))}" x2="${round(x(max))}" y1="${middle}" y2="${middle}"/>` +
    `<text x="${round(x(Math.max(max, median)) + 8)}" y="${middle + 5}">${formatNumber(median)}</text>`
  );
}

function legend(words: Readonly<Partial<Record<keyof typeof COLOURS, string>>>): string {
  let at = 8;
  return (['ours', 'rival', 'limit'] as const)
    .flatMap((group) => {
      const word = words[group];
      if (word === undefined) return [];
      const drawn = `<rect x="${at}" y="30" width="10" height="10" rx="2" fill="${COLOURS[group]}"/><text class="quiet" x="${at + 16}" y="39">${escape(word)}</text>`;
      at += 36 + word.length * 6.5;
      return [drawn];
    })
    .join('');
}

/** 1, 2 or 5 times a power of ten, not below what is given. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
