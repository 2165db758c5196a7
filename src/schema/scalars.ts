/** The scalars that GraphQL lacks: instants, addresses, and integers beyond 32 bits. */
import { GraphQLError } from 'graphql';
import { builder } from './builder.ts';

const ISO_INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

builder.scalarType('DateTime', {
  description: 'An instant in UTC with milliseconds, as ISO 8601: `2026-01-31T12:00:00.000Z`.',
  serialize: (value) => value.toISOString(),
  parseValue: (value) => {
    if (typeof value === 'string' && ISO_INSTANT.test(value)) {
      const date = new Date(value);
      if (!Number.isNaN(date.getTime())) return date;
    }
    throw new GraphQLError('A DateTime is an ISO 8601 text with a time zone, such as 2026-01-31T12:00:00Z.');
  },
});

builder.scalarType('URL', {
  description: 'An absolute http or https address.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return value;
    throw new GraphQLError('A URL is an absolute http or https address.');
  },
});

builder.scalarType('SafeInt', {
  description: 'An integer of up to 53 bits, which JSON numbers hold exactly.',
  serialize: (value) => value,
  parseValue: (value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
    throw new GraphQLError('A SafeInt is an integer between -9007199254740991 and 9007199254740991.');
  },
});
