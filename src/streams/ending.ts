/**
 * Ending many things with one signal that lives as long as the process.
 *
 * Not by `AbortSignal.any`: the signal would hold all that were made of it until V8 has looked through its whole heap, and
 * with each of them what hung on it. One listener for all, as a signal finds its listeners one by one.
 */
const endedBy = new WeakMap<AbortSignal, Set<AbortController>>();

/** Aborts `controller` when `signal` is aborted. @returns forgets it */
export function endWith(signal: AbortSignal, controller: AbortController): () => void {
  if (signal.aborted) controller.abort(signal.reason);
  const members = endedBy.get(signal) ?? listenTo(signal);
  members.add(controller);
  return () => void members.delete(controller);
}

function listenTo(signal: AbortSignal): Set<AbortController> {
  const members = new Set<AbortController>();
  endedBy.set(signal, members);
  const endAll = () => {
    for (const member of members) member.abort(signal.reason);
  };
  signal.addEventListener('abort', endAll, { once: true });
  return members;
}
