/** Writes schema.graphql from the code: `npm run schema`. A test compares the two. */
import { writeFileSync } from 'node:fs';
import { printSchema } from '../src/schema/print.ts';

writeFileSync(new URL('../schema.graphql', import.meta.url), printSchema());
