import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { withinTime } from '../../src/ports/within-time.ts';

const HOUR = 3_600_000;
/** Waits for its signal. @returns why it was aborted */
const untilAborted = (ends: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (ends.aborted) resolve(ends.reason);
    ends.addEventListener('abort', () => resolve(ends.reason));
  });

describe('a time limit', () => {
  afterEach(() => vi.useRealTimers());

  it('ends the work when its time is over', async () => {
    vi.useFakeTimers();
    const why = withinTime({ timeoutMs: HOUR, signal: undefined }, untilAborted);
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(await why).toMatchObject({ name: 'TimeoutError' });
  });

  it('ends the work with its caller, and work that begins after that at once', async () => {
    const caller = new AbortController();
    const why = withinTime({ timeoutMs: HOUR, signal: caller.signal }, untilAborted);
    caller.abort(new Error('not wanted any more'));
    expect(await why).toMatchObject({ message: 'not wanted any more' });
    expect(await withinTime({ timeoutMs: HOUR, signal: caller.signal }, untilAborted)).toBe(caller.signal.reason);
  });

  it('leaves nothing behind, however the work ends', async () => {
    vi.useFakeTimers();
    const { signal } = new AbortController();
    expect(await withinTime({ timeoutMs: HOUR, signal }, async () => 'done')).toBe('done');
    const failed = withinTime({ timeoutMs: HOUR, signal }, async () => Promise.reject(new Error('refused')));
    await expect(failed).rejects.toThrow('refused');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
