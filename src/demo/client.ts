/**
 * A client of the public API and nothing else: what any storefront could write.
 *
 * Not here: what the demo does with it (demo.ts).
 */
import { createClient } from 'graphql-sse';
import { z } from 'zod';

/** The API answered, and it was not what was asked for. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
}

const errorsSchema = z.object({ errors: z.array(z.object({ message: z.string() })).optional(), data: z.unknown() });
const refusalSchema = z.object({
  __typename: z.string(),
  message: z.string().optional(),
  fields: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

const ANSWER_TIMEOUT_MS = 60_000;

export interface ApiClient {
  /** The one field of the operation, parsed. @throws ApiRefusal with what the API said */
  ask<Result>(document: string, variables: object, schema: z.ZodType<Result>): Promise<Result>;
  /** The one field of each event of a subscription, parsed. */
  follow<Result>(document: string, variables: object, schema: z.ZodType<Result>): AsyncIterable<Result>;
  as(token: string): ApiClient;
}

export function apiClient(url: string, token?: string): ApiClient {
  const endpoint = `${url}/graphql`;
  const headers = {
    'content-type': 'application/json',
    'x-booky-hub': 'demo',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return {
    as: (other) => apiClient(url, other),
    ask: async (document, variables, schema) => {
      const response = await fetch(endpoint, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query: document, variables }),
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      return readField(await response.json(), schema);
    },
    follow: async function* (document, variables, schema) {
      const client = createClient({ url: endpoint, headers, retryAttempts: 10 });
      const events = client.iterate({ query: document, variables: { ...variables } });
      try {
        for await (const event of events) yield readField(event, schema);
      } finally {
        client.dispose();
      }
    },
  };
}

function readField<Result>(answer: unknown, schema: z.ZodType<Result>): Result {
  const { errors, data } = errorsSchema.parse(answer);
  if (errors && errors.length > 0) throw new ApiRefusal(errors.map((error) => error.message).join('; '));
  const [field] = Object.values(z.record(z.string(), z.unknown()).parse(data));
  const parsed = schema.safeParse(field);
  if (parsed.success) return parsed.data;
  const refusal = refusalSchema.safeParse(field);
  if (!refusal.success) throw new ApiRefusal(`the API answered something unexpected: ${JSON.stringify(field)}`);
  const { __typename: type, message, fields = [] } = refusal.data;
  throw new ApiRefusal(
    [`${type}: ${message ?? ''}`, ...fields.map((one) => `  ${one.path}: ${one.message}`)].join('\n'),
  );
}
