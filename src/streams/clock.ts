/** Time and chance, passed in, so that tests move them by hand. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** A random number in [0, 1). */
export type Random = () => number;
