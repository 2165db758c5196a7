/** Writes the diagrams of flows and states between their marks, from the declarations: `npm run flow`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { STATE_MACHINES, type StateMachine } from '../src/books/state-machines.ts';
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

write('../README.md', 'flow', flowOf(workflows));
write('../docs/money.md', 'flow', flowOf(workflows.filter(({ name }) => MONEY.has(name))));
write('../docs/money.md', 'states', STATE_MACHINES.map(statesOf).join('\n\n'));

function flowOf(drawn: typeof workflows): string {
  return fenced(flowMermaid(flowGraph(drawn)));
}

function statesOf({ name, states, begins, moves }: StateMachine): string {
  const ends = states.filter((state) => !moves.some(({ from }) => from === state));
  const lines = [
    ...begins.map((state) => `[*] --> ${state}`),
    ...moves.map(({ from, to, when }) => `${from} --> ${to}: ${when}`),
    ...ends.map((state) => `${state} --> [*]`),
  ];
  return `${name}:\n\n${fenced(['stateDiagram-v2', ...lines.map((line) => `  ${line}`)].join('\n'))}`;
}

function fenced(mermaid: string): string {
  return `\`\`\`mermaid\n${mermaid}\n\`\`\``;
}

function write(path: string, mark: string, content: string): void {
  const marks = new RegExp(`(<!-- ${mark} -->\\n)[\\s\\S]*(<!-- /${mark} -->)`);
  const file = new URL(path, import.meta.url);
  const text = readFileSync(file, 'utf8');
  if (!marks.test(text)) throw new Error(`${path} has lost the marks between which the ${mark} are drawn`);
  writeFileSync(
    file,
    text.replace(marks, (_all, begin: string, end: string) => `${begin}${content}\n${end}`),
  );
}
