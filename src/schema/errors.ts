/**
 * The API's own errors.
 *
 * Each is a value with a stable `code` and a message that says in plain words what to do. In a mutation that lists it, it
 * is a member of the result union; anywhere else it is a top-level error with the code in its extensions.
 * Not here: their GraphQL types (error-types.ts) and the masking of what is not in this file (../server/masking.ts).
 */

/** An error that may be told to whoever asked. */
export abstract class HubError extends Error {
  abstract readonly code: string;

  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }

  /** What is told beside code and message when the error is a top-level one. */
  details(): Record<string, unknown> {
    return {};
  }
}

/** One fault of the input: where, and what to do about it. */
export interface FieldFault {
  /** Such as `input.prices.0.currency`. */
  path: string;
  message: string;
}

/** The input cannot be accepted as it is; every fault is listed at once. */
export class ValidationError extends HubError {
  readonly code = 'VALIDATION';
  readonly fields: readonly FieldFault[];

  constructor(fields: readonly FieldFault[]) {
    const [first, ...others] = fields;
    const more = others.length > 0 ? ` (and ${others.length} more)` : '';
    super(first ? `${first.path}: ${first.message}${more}` : 'The input is not valid.');
    this.fields = fields;
  }

  override details() {
    return { fields: this.fields };
  }
}

/** It does not exist, or it is not yours: the answer is the same, so that nobody learns which. */
export class NotFoundError extends HubError {
  readonly code = 'NOT_FOUND';
  /** @param what such as `edition` */
  constructor(what: string) {
    super(`There is no such ${what}, or it is not yours.`);
  }
}

/** It contradicts something that is already there, such as an ISBN on sale. */
export class ConflictError extends HubError {
  readonly code = 'CONFLICT';
}

/** The idempotency key was used before with another input. */
export class IdempotencyConflict extends HubError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  constructor(message = 'This idempotencyKey was used before with another input. Use a new key for a new request.') {
    super(message);
  }
}

/** The thing is not in a state that allows this. */
export class InvalidStateError extends HubError {
  readonly code = 'INVALID_STATE';
  /** The state it is in. */
  readonly state: string;

  constructor(message: string, state: string) {
    super(message);
    this.state = state;
  }

  override details() {
    return { state: this.state };
  }
}

/** Too much at once: nothing was done, and the same request may be sent again later. */
export class OverloadedError extends HubError {
  readonly code = 'OVERLOADED';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number, message = 'This is too much at once. Nothing was done; try again later.') {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }

  override details() {
    return { retryAfterMs: this.retryAfterMs };
  }
}

/** Who are you? Always a top-level error. */
export class UnauthenticatedError extends HubError {
  readonly code = 'UNAUTHENTICATED';
  constructor(message = 'Sign in first, and send the token as `Authorization: Bearer TOKEN`.') {
    super(message);
  }
}

/** You may not. Always a top-level error. */
export class ForbiddenError extends HubError {
  readonly code = 'FORBIDDEN';
  constructor(message = 'Your account may not do this.') {
    super(message);
  }
}

/** An id or a cursor that this API never gave out. */
export class BadIdError extends HubError {
  readonly code = 'BAD_ID';
}

/** A live subscription ends before its time; `lastSeq` says where to go on from. */
export class ResumeError extends HubError {
  readonly code = 'RESUME';
  readonly lastSeq: number;

  constructor(
    lastSeq: number,
    message = 'The stream was closed. Subscribe again with `after` to go on without a gap.',
  ) {
    super(message);
    this.lastSeq = lastSeq;
  }

  override details() {
    return { lastSeq: this.lastSeq };
  }
}
