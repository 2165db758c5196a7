/**
 * Persisted operations: documents that the operator has checked in, by the SHA-256 of their text.
 *
 * A client may send the hash alone: `{ "documentId": "sha256:HASH" }`, or as Apollo's clients do in
 * `extensions.persistedQuery.sha256Hash`. Where they are the only ones, any other document is refused before it is parsed, however it
 * came (plugins.ts, request-lane.ts).
 * Not here: what an operation may do; the same limits and rights hold for all.
 */
import { type GraphQLSchema, parse, validate } from 'graphql';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { HttpError } from './http.ts';

const DOCUMENTS_MAX = 10_000;
const DOCUMENT_CHARS_MAX = 100_000;
const manifestSchema = z.record(z.string(), z.string());

const hashSchema = z.string().regex(/^[\da-f]{64}$/);
const askedSchema = z.looseObject({
  query: z.string().nullish(),
  documentId: z
    .string()
    .regex(/^sha256:[\da-f]{64}$/)
    .transform((id) => id.slice('sha256:'.length))
    .optional(),
  extensions: z.looseObject({ persistedQuery: z.looseObject({ sha256Hash: hashSchema }).optional() }).nullish(),
});

/** The operator's operations cannot be used as they are. */
export class OperationsError extends Error {
  override readonly name = 'OperationsError';
  readonly code = 'OPERATIONS_INVALID';
}

export interface Operations {
  /** Whether a document may be run. */
  allows(text: string): boolean;
  /**
   * @param params of a request, whatever they are: what cannot be read is left to whoever reads it next
   * @returns the params with their document's text, where only its hash was sent
   * @throws HttpError 404 for a hash that is not known
   */
  complete(params: unknown): unknown;
}

/**
 * @param path a JSON file of hash → text, as generators of clients write it, or a folder of `.graphql` files
 * @param isOnly whether nothing else may be sent
 * @throws OperationsError naming the document that is at fault
 */
export function loadOperations(path: string, isOnly: boolean, schema: GraphQLSchema): Operations {
  const texts = new Map<string, string>();
  for (const [name, text] of readAll(path)) {
    check(name, text, schema);
    texts.set(createHash('sha256').update(text).digest('hex'), text);
  }
  if (texts.size > DOCUMENTS_MAX) throw new OperationsError(`${path} holds more than ${DOCUMENTS_MAX} operations.`);
  return {
    allows: (text) => !isOnly || texts.has(hashOf(text)),
    complete: (params) => {
      const asked = askedSchema.safeParse(params).data;
      if (!asked || (asked.query ?? '') !== '') return params;
      const { documentId, ...others } = asked;
      const hash = documentId ?? asked.extensions?.persistedQuery?.sha256Hash;
      if (hash === undefined) return params;
      const query = texts.get(hash);
      if (query !== undefined) return { ...others, query };
      throw new HttpError(
        404,
        'PERSISTED_QUERY_NOT_FOUND',
        'There is no operation with this hash. Send its text, if it may be sent.',
      );
    },
  };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
function readAll(path: string): [string, string][] {
  try {
    if (statSync(path).isDirectory()) {
      const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
        name.endsWith('.graphql'),
      );
      return names.map((name) => [name, readFileSync(join(path, name), 'utf8')]);
    }
    return Object.entries(manifestSchema.parse(JSON.parse(readFileSync(path, 'utf8')))).map(([hash, text]) => {
      if (hashOf(text) === hash.replace(/^sha256:/, '')) return [hash, text];
      throw new OperationsError(`The text of ${hash} in ${path} has another SHA-256. Generate the file anew.`);
    });
  } catch (error) {
    if (error instanceof OperationsError) throw error;
    throw new OperationsError(
      `PERSISTED_OPERATIONS: ${path} cannot be read as a folder of .graphql files or a JSON file of hash and text.`,
      { cause: error },
    );
  }
}

function check(name: string, text: string, schema: GraphQLSchema): void {
  if (text.length > DOCUMENT_CHARS_MAX)
    throw new OperationsError(`${name} is longer than ${DOCUMENT_CHARS_MAX} characters.`);
  try {
    const [error] = validate(schema, parse(text));
    if (error) throw error;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OperationsError(`The operation ${name} does not fit the schema: ${why}`, { cause: error });
  }
}

/** A posted body with the text of its document. What is no JSON is left as it is. */
export function fillBody(operations: Operations, body: string): string {
  const params = readJson(body);
  if (params === undefined) return body;
  const filled = operations.complete(params);
  return filled === params ? body : JSON.stringify(filled);
}

/** The same for what GET carries. @returns the address to go on with */
export function fillAddress(operations: Operations, url: URL): URL {
  const given = Object.fromEntries(url.searchParams);
  const extensions = given['extensions'] === undefined ? undefined : readJson(given['extensions']);
  const query = askedSchema.safeParse(operations.complete({ ...given, extensions })).data?.query;
  if (query === null || query === undefined || query === given['query']) return url;
  const next = new URL(url);
  next.searchParams.set('query', query);
  next.searchParams.delete('documentId');
  return next;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
