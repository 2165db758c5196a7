/**
 * A time limit for a call to the outside.
 *
 * Not by `AbortSignal.timeout` and `AbortSignal.any`: they register each signal to be cleaned up after, and until V8 has
 * looked through its whole heap it keeps what was registered, with all that hangs on it: a third of what the small
 * collections of a worker had to carry over.
 */

/** @param work its signal ends with `signal`, or after `timeoutMs`; once `work` has settled, with neither */
export async function withinTime<Result>(
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
  work: (ends: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = new AbortController();
  const end = () => limit.abort(signal?.reason);
  const timer = setTimeout(
    () => limit.abort(new DOMException(`There was no answer within ${timeoutMs} ms.`, 'TimeoutError')),
    timeoutMs,
  );
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}
