/** A parent that is killed while its child is at work. */
import { runInChild } from '../../src/child-processes/index.ts';

const program = new URL('scheduling-program.ts', import.meta.url);
const onPart = () => void process.send?.('begun');
await runInChild({ policies: [] }, { timeoutMs: 60_000, memoryMbMax: 256, program, onPart });
