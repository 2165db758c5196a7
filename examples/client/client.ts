/**
 * A client of Booky Hub in one file: typed questions over HTTP, typed subscriptions over server-sent events.
 *
 * What an operation takes and answers is known at compile time, from gql/, which `npm run codegen` makes.
 */
import { createClient } from 'graphql-sse';
import type { TypedDocumentString } from './gql/graphql.ts';

export interface BookyHub {
  /** @throws Error with what the API said, when it refused as a whole */
  ask<Result, Variables>(operation: TypedDocumentString<Result, Variables>, variables: Variables): Promise<Result>;
  /** Follows a subscription; leave the loop to end it. A lost connection is made again by graphql-sse. */
  follow<Result, Variables extends Record<string, unknown>>(
    operation: TypedDocumentString<Result, Variables>,
    variables: Variables,
  ): AsyncGenerator<Result, void, void>;
}

export function connect(url: string, token?: string): BookyHub {
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return {
    ask: async (operation, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: operation.toString(), variables }),
      });
      return dataOf(await response.json());
    },
    follow: async function* (operation, variables) {
      const client = createClient({ url, headers, retryAttempts: 10 });
      try {
        for await (const event of client.iterate({ query: operation.toString(), variables })) yield dataOf(event);
      } finally {
        client.dispose();
      }
    },
  };
}

/** The types of the data are those of the schema that the server runs; here they are taken at its word. */
// oxlint-disable-next-line typescript/no-explicit-any
function dataOf({ data, errors }: any) {
  if (errors?.length > 0) throw new Error(errors[0].message);
  return data;
}
