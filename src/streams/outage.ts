/** Outage: tells once that the database is away and once that it is back, however many loops of a process notice. */
import { describeError, isTransientDatabaseError } from './errors.ts';
import type { Log } from './log.ts';

export interface Outage {
  /** @returns true when the error is the database's own, and has been told of */
  covers(error: unknown): boolean;
  /** A statement has worked. */
  end(): void;
}

export function watchDatabase(log: Log): Outage {
  let isAway = false;
  return {
    covers: (error) => {
      if (!isTransientDatabaseError(error)) return false;
      if (!isAway)
        log.warn({ reason: describeError(error) }, 'PostgreSQL cannot be reached; trying again until it can');
      isAway = true;
      return true;
    },
    end: () => {
      if (isAway) log.warn({}, 'PostgreSQL is back');
      isAway = false;
    },
  };
}
