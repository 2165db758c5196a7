/** A log that keeps warnings and errors only, on the standard error. */
import type { Log } from '../../../src/streams/index.ts';

export const quiet: Log = {
  debug: () => {},
  info: () => {},
  warn: (details, message) => console.error(message, details),
  error: (details, message) => console.error(message, details),
};
