// @ts-check
/**
 * The GraphQL API: questions and answers. Not here: live subscriptions (live.js).
 *
 * @template Result, Variables
 * @typedef {import('../gql/graphql.ts').TypedDocumentString<Result, Variables>} Operation
 */
import { end, session } from './session.js';

export const ENDPOINT = '/graphql';
const ANSWER_TIMEOUT_MS = 30_000;

/** The API refused as a whole, or could not be reached. `code` is the API's, or OFFLINE. */
export class ApiError extends Error {
  /** @param {string} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
  }
}

/** @returns {Record<string, string>} */
export function requestHeaders() {
  const current = session();
  return {
    'content-type': 'application/json',
    'x-booky-hub': 'shop',
    ...(current && { authorization: `Bearer ${current.token}` }),
  };
}

/**
 * @template Result, Variables
 * @param {Operation<Result, Variables>} operation
 * @param {Variables} variables
 * @param {{ signal?: AbortSignal | undefined }} [options]
 * @returns {Promise<Result>}
 * @throws {ApiError}
 */
export async function ask(operation, variables, { signal } = {}) {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  let answer;
  try {
    const response = await fetch(ENDPOINT, {
      method: 'POST',
      headers: { ...requestHeaders(), accept: 'application/json' },
      body: JSON.stringify({ query: String(operation), variables }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    answer = await response.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('OFFLINE', 'Booky Hub cannot be reached. Check your connection and try again.');
  }
  throwFirstError(answer);
  return answer.data;
}

/** @param {{ errors?: { message: string, extensions?: { code?: string } }[] }} answer @throws {ApiError} */
export function throwFirstError({ errors }) {
  const [first] = errors ?? [];
  if (!first) return;
  const code = first.extensions?.code ?? 'UNKNOWN';
  // A token that is good for nothing any more must not stand in the way of signing in.
  if (code === 'UNAUTHENTICATED' && session()) end();
  throw new ApiError(code, code === 'UNAUTHENTICATED' ? 'Sign in to go on.' : first.message);
}

/** @param {unknown} error @returns {string} what to tell a person */
export const wordsOf = (error) =>
  error instanceof ApiError ? error.message : 'Something went wrong in this page. Load it again.';
