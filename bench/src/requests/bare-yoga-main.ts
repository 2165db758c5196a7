/**
 * What Booky Hub's request path is compared with: GraphQL Yoga and nothing else, in a process of its own.
 *
 * One query answers a constant page of books, one mutation inserts one row. No limits, no accounts, no rights, no costs.
 * Options: those that Yoga's documentation gives for speed, its body limit off (which alone doubles it); by the word
 * `plain` as `createYoga({ schema })` comes.
 */
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { createSchema, createYoga } from 'graphql-yoga';
import postgres from 'postgres';
import { z } from 'zod';
import { books, BOOKS_TYPES } from './constant-books.ts';

const [databaseUrl, mode] = process.argv.slice(2);
if (databaseUrl === undefined) throw new TypeError('bare-yoga-main needs the address of a database');
const sql = postgres(databaseUrl, { max: 10, onnotice: () => {} });
const inputSchema = z.object({ input: z.object({ note: z.string() }) });

const schema = createSchema({
  typeDefs: `
    ${BOOKS_TYPES}
    input InsertRowInput { note: String! }
    type InsertRowPayload { id: ID! }
    type Query { catalogue(first: Int!): EditionConnection! }
    type Mutation { insertRow(input: InsertRowInput!): InsertRowPayload! }`,
  resolvers: {
    Query: { catalogue: () => books },
    Mutation: {
      insertRow: async (_root: unknown, args: unknown) => {
        const { input } = inputSchema.parse(args);
        const id = randomUUID();
        await sql`insert into bare_row (id, note) values (${id}, ${input.note})`;
        return { id };
      },
    },
  },
});

const lean = { logging: false, graphiql: false, landingPage: false, cors: false, maxRequestBodySize: false } as const;
const yoga = createYoga({ schema, ...(mode === 'plain' ? {} : lean) });
const server = createServer((request, response) => void yoga(request, response));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.({ port: address.port });
});
process.on('disconnect', () => process.exit(0));
