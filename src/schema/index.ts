/**
 * The schema: every type file, one import each, in alphabetical order.
 *
 * A type file registers its types with the builder when it is imported; nothing else is needed.
 */
import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './error-types.ts';
import './money.ts';
import './scalars.ts';
import './viewer.ts';

export const schema: GraphQLSchema = builder.toSchema();
