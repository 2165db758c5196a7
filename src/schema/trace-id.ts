/** A trace's 128 bits, as W3C Trace Context writes them (32 hex digits) and as they are kept (a UUID). */
export const uuidOfTrace = (digits: string): string =>
  digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-').toLowerCase();

export const traceOfUuid = (uuid: string): string => uuid.replaceAll('-', '');
