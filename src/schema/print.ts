/** The schema as text, sorted, as checked in as schema.graphql. */
import { lexicographicSortSchema, printSchema as print } from 'graphql';
import { schema } from './index.ts';

export const printSchema = (): string => `${print(lexicographicSortSchema(schema))}\n`;
