/**
 * What may be told of an error.
 *
 * Our own errors are told as they are. A fault in the document is told as graphql words it. Everything else is masked: the
 * caller gets a requestId, the log gets the rest under the same requestId. Never told, in any environment: SQL, stacks.
 */
import { type ExecutionResult, GraphQLError } from 'graphql';
import { HubError } from '../schema/errors.ts';
import { isTransientDatabaseError } from '../streams/errors.ts';
import type { Log } from '../streams/log.ts';
import { type RequestIds, toldTrace } from './trace.ts';

const RETRY_AFTER_MS = 1_000;

export interface Teller {
  log: Log;
  /** Names the class of an unexpected error, to help who writes the code. */
  development: boolean;
}

/** @returns the error as it may be told */
export function tell(error: unknown, asked: RequestIds, { log, development }: Teller): GraphQLError {
  const { requestId } = asked;
  const original = originalOf(error);
  const place = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
  if (original instanceof HubError) {
    return new GraphQLError(original.message, {
      ...place,
      extensions: { code: original.code, ...original.details() },
    });
  }
  if (original instanceof GraphQLError) {
    // Yoga puts what it caught beside its own words.
    const { code, originalError: _caught, ...others } = original.extensions;
    return new GraphQLError(original.message, {
      ...place,
      source: original.source,
      positions: original.positions,
      extensions: { code: code ?? 'BAD_REQUEST', ...others },
    });
  }
  if (isUnstorable(original)) {
    return new GraphQLError('The request holds a character or a date that cannot be stored. Leave it out.', {
      ...place,
      extensions: { code: 'BAD_REQUEST', requestId },
    });
  }
  if (isTransientDatabaseError(original)) {
    const traceId = toldTrace(asked);
    log.warn(
      { requestId, traceId, err: original, path: place.path },
      'the database could not be reached for a request',
    );
    return new GraphQLError('We cannot reach our database at the moment. Try again.', {
      ...place,
      extensions: { code: 'UNAVAILABLE', retryAfterMs: RETRY_AFTER_MS, requestId },
    });
  }
  log.error({ requestId, traceId: toldTrace(asked), err: original, path: place.path }, 'a request failed unexpectedly');
  const kind = development && original instanceof Error ? { kind: original.name } : {};
  return new GraphQLError('Something went wrong on our side. Quote the requestId when you ask us about it.', {
    ...place,
    extensions: { code: 'INTERNAL', requestId, ...kind },
  });
}

/** A result with each of its errors as it may be told. */
export function tellResult(result: ExecutionResult, asked: RequestIds, teller: Teller): ExecutionResult {
  return result.errors ? { ...result, errors: result.errors.map((error) => tell(error, asked, teller)) } : result;
}

/** Source: SQLSTATE 22021 character_not_in_repertoire, 22008 and 22007 datetime, 22P05 untranslatable_character. */
const UNSTORABLE = new Set(['22021', '22008', '22007', '22P05']);

/** Input that no schema of ours refused and that PostgreSQL cannot hold, such as U+0000: the caller's fault, not ours. */
function isUnstorable(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && UNSTORABLE.has(cause.code)) return true;
    if (cause instanceof RangeError && cause.message === 'Invalid time value') return true;
  }
  return false;
}

/** What was thrown, out of the wrapping that graphql puts around it. */
function originalOf(error: unknown): unknown {
  let current = error;
  while (current instanceof GraphQLError && current.originalError) current = current.originalError;
  return current;
}
