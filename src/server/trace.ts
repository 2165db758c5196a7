/**
 * Which trace a request belongs to.
 *
 * Source: W3C Trace Context, https://www.w3.org/TR/trace-context/ (version 00; of later versions the same parts are read).
 */
import { traceOfUuid, uuidOfTrace } from '../schema/trace-id.ts';

const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/;

/** What a request is called, by us and by its caller. */
export interface RequestIds {
  requestId: string;
  /** As a UUID. (Default: the requestId) */
  traceId?: string | null | undefined;
}

/** @returns the trace that a request told, as a log line holds it: 32 hex digits; undefined where it told none */
export function toldTrace({ requestId, traceId }: RequestIds): string | undefined {
  return traceId && traceId !== requestId ? traceOfUuid(traceId) : undefined;
}

/** @returns the trace's 128 bits as a UUID; null for a header that is none, which counts as not sent */
export function traceIn(traceparent: string | string[] | undefined): string | null {
  const digits = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return digits === undefined ? null : uuidOfTrace(digits);
}
