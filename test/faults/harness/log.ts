/** A log that says nothing, for servers and clients whose troubles are the row's own doing. */
import type { RowLog } from './row.ts';

export const quiet: RowLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
