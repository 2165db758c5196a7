/**
 * Loaded before the program by `--import`: makes its clock wrong, and blocks its event loop once.
 *
 * BENT_CLOCK_MS is added to every instant; after BENT_BLOCK_AFTER_MS the loop stands still for BENT_BLOCK_MS.
 */
const shiftMs = Number(process.env['BENT_CLOCK_MS'] ?? 0);
const blockAfterMs = Number(process.env['BENT_BLOCK_AFTER_MS'] ?? 0);
const blockMs = Number(process.env['BENT_BLOCK_MS'] ?? 0);

const RealDate = Date;

class BentDate extends RealDate {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(RealDate.now() + shiftMs);
    else super(...given);
  }
  static override now(): number {
    return RealDate.now() + shiftMs;
  }
}

if (shiftMs !== 0) Object.defineProperty(globalThis, 'Date', { value: BentDate, writable: true, configurable: true });

if (blockMs > 0) {
  const still = new Int32Array(new SharedArrayBuffer(4));
  setTimeout(() => Atomics.wait(still, 0, 0, blockMs), blockAfterMs).unref();
}
