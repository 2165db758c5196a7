/** Writes the flow diagram into README.md between its two marks, from the declarations: `npm run flow`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { workflows } from '../src/consumers/index.ts';
import { flowGraph, flowMermaid } from '../src/streams/index.ts';

const readme = new URL('../README.md', import.meta.url);
const marks = /(<!-- flow -->\n)[\s\S]*(<!-- \/flow -->)/;
const text = readFileSync(readme, 'utf8');
if (!marks.test(text)) throw new Error('README.md has lost the marks between which the flow diagram stands');
writeFileSync(readme, text.replace(marks, `$1\`\`\`mermaid\n${flowMermaid(flowGraph(workflows))}\n\`\`\`\n$2`));
