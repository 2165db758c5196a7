/** The engine's own errors, and how it tells a fault of a handler from one of the ground it stands on. */

/** Stops a stage now: no retry can help. Compensation, failsWith or the dead letters follow. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** A stage ran longer than its declared `timeoutMs`; it is retried like any failure. */
export class StageTimeoutError extends Error {
  override readonly name = 'StageTimeoutError';
  constructor(stage: string, timeoutMs: number) {
    super(`stage ${stage} took longer than its limit of ${timeoutMs} ms`);
  }
}

/** A delivery was taken over again and again because each consumer died while it worked on it. */
export class ConsumerCrashedError extends Error {
  override readonly name = 'ConsumerCrashedError';
  constructor(deliveries: number) {
    super(`its consumer died on each of ${deliveries} deliveries`);
  }
}

/** A workflow that cannot be run as declared. */
export class WorkflowDeclarationError extends Error {
  override readonly name = 'WorkflowDeclarationError';
}

const TRANSIENT_SQLSTATES = new Set([
  '40001', // serialization failure
  '40P01', // deadlock
  '57P01', // shut down by the administrator
  '57P02', // crash shutdown
  '57P03', // cannot connect now
]);
const TRANSIENT_CLIENT_CODES = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
]);
const SEQUENCE_INDEX = 'event_subject_seq';
const RUN_INDEX = 'run_pkey';
/** Of `refuse_strays`, a function of the database. */
const STRAY = 'BH001';

/**
 * True when the database, not the work, failed: the same work may simply be done again, and it costs no attempt.
 * Source: SQLSTATE classes 08, 40, 53, 57 of PostgreSQL, and the connection codes of postgres.js.
 */
export function isTransientDatabaseError(error: unknown): boolean {
  if (isSeqTaken(error)) return true;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = databaseFields(cause);
    if (code === undefined) continue;
    if (/^(?:08|53)/.test(code) || TRANSIENT_SQLSTATES.has(code)) return true;
    if (isDatabaseClientError(cause) && TRANSIENT_CLIENT_CODES.has(code)) return true;
  }
  return false;
}

/** True when another writer has given the subject's next number to an event of its own. */
export const isSeqTaken = (error: unknown): boolean => isTaken(error, SEQUENCE_INDEX);

/** True when a run of this id has been stored already. */
export const isRunTaken = (error: unknown): boolean => isTaken(error, RUN_INDEX);

/** True when a run does not stand where its delivery found it: a duplicate, a retry or somebody faster. */
export const isStray = (error: unknown): boolean => hasFields(error, ({ code }) => code === STRAY);

const isTaken = (error: unknown, index: string): boolean =>
  hasFields(error, ({ code, constraint_name: constraint }) => code === '23505' && constraint === index);

function hasFields(error: unknown, matches: (fields: ReturnType<typeof databaseFields>) => boolean): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (matches(databaseFields(cause))) return true;
  }
  return false;
}

function databaseFields(error: Error): { code?: string; constraint_name?: string } {
  const fields: { code?: string; constraint_name?: string } = {};
  if ('code' in error && typeof error.code === 'string') fields.code = error.code;
  if ('constraint_name' in error && typeof error.constraint_name === 'string') {
    fields.constraint_name = error.constraint_name;
  }
  return fields;
}

/** postgres.js marks its connection errors with the query's address; a gateway's ECONNREFUSED has no such mark. */
function isDatabaseClientError(error: Error): boolean {
  if (!('code' in error) || typeof error.code !== 'string') return false;
  return error.code.startsWith('CONNECT') || 'query' in error;
}

/**
 * One line of an error for records that only operators read, 500 characters at most. Of a failed statement it says why,
 * not which.
 */
export function describeError(error: unknown): string {
  const told = error instanceof Error && error.message.startsWith('Failed query:') ? (error.cause ?? error) : error;
  const text = told instanceof Error ? `${told.name}: ${told.message}` : String(told);
  return text.length > 500 ? `${text.slice(0, 499)}…` : text;
}
