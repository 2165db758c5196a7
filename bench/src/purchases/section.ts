/** Section `purchases`: the same saga by every engine, as a backlog and at a steady rate. */
import type { Section } from '../section.ts';

export const purchases: Section = {
  name: 'purchases',
  question: 'how fast do durable purchases go, and at what cost, against what one would pick instead?',
  run: async () => {},
};
