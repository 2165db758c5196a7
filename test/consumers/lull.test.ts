import { afterEach, describe, expect, test, vi } from 'vitest';
import { BUSY_MAX, busyShare, lull } from '../../src/consumers/receipt/lull.ts';

/** An event loop that is so busy from one look to the next; the last of them goes on. */
function loop(...shares: number[]) {
  let looks = 0;
  return {
    look: () => Promise.resolve(shares[Math.min(looks++, shares.length - 1)] ?? 0),
    get looks() {
      return looks;
    },
  };
}

const MINUTE_MS = 60_000;

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a lull', () => {
  test('is there at once when the loop has little to do', async () => {
    const idle = loop(BUSY_MAX);
    await lull(MINUTE_MS, idle.look);
    expect(idle.looks).toBe(1);
  });

  test('is waited for while the loop is busy', async () => {
    const busy = loop(0.9, 0.5, 0.31, 0.1);
    await lull(MINUTE_MS, busy.look);
    expect(busy.looks).toBe(4);
  });

  test('is waited for no longer than the patience, however busy the loop stays', async () => {
    const busy = loop(1);
    let nowMs = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    await lull(30, () => {
      nowMs += 5;
      return busy.look();
    });
    expect(nowMs).toBe(30);
  });

  test('is not looked for when there is no time for it, but others have a turn', async () => {
    const busy = loop(1);
    let hadTurn = false;
    setImmediate(() => (hadTurn = true));
    await lull(1, busy.look);
    expect(busy.looks).toBe(0);
    expect(hadTurn).toBe(true);
  });
});

describe('how busy the loop is', () => {
  test('is told of one that spins, and of one that rests', async () => {
    let isSpinning = true;
    const spin = () => {
      const untilMs = performance.now() + 5;
      while (performance.now() < untilMs);
      if (isSpinning) setImmediate(spin);
    };
    spin();
    expect(await busyShare()).toBeGreaterThan(BUSY_MAX);
    isSpinning = false;
    await expect.poll(() => busyShare()).toBeLessThanOrEqual(BUSY_MAX);
  });
});
