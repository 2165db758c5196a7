/** Writes the flow diagrams between their marks, from the declarations: `npm run flow`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { workflows } from '../src/consumers/index.ts';
import { flowGraph, flowMermaid } from '../src/streams/index.ts';

/** What moves money that has been taken. */
const MONEY: ReadonlySet<string> = new Set([
  'purchase',
  'refund',
  'refund-notice',
  'dispute',
  'payee',
  'payout',
  'payout-notice',
  'payout-round',
  'reconcile',
]);
const marks = /(<!-- flow -->\n)[\s\S]*(<!-- \/flow -->)/;

draw('../README.md', workflows);
draw(
  '../docs/money.md',
  workflows.filter(({ name }) => MONEY.has(name)),
);

function draw(path: string, drawn: typeof workflows): void {
  const file = new URL(path, import.meta.url);
  const text = readFileSync(file, 'utf8');
  if (!marks.test(text)) throw new Error(`${path} has lost the marks between which the flow diagram stands`);
  writeFileSync(file, text.replace(marks, `$1\`\`\`mermaid\n${flowMermaid(flowGraph(drawn))}\n\`\`\`\n$2`));
}
