/**
 * Mutants: sound books with bytes changed, cut out or doubled at random, by a seed that replays exactly.
 */
import { describe, expect, it } from 'vitest';
import { Archive } from '../../src/epub/archive.ts';
import { preflight } from '../../src/epub/index.ts';
import { checkStructure } from '../../src/epub/structure.ts';
import { bookWith } from './hostile.ts';
import { useScratch } from './scratch.ts';

const layDown = useScratch();
const SEED = Number(process.env['EPUB_FUZZ_SEED'] ?? 20_261_122);
const MUTANT_COUNT = Number(process.env['EPUB_FUZZ_COUNT'] ?? 400);

describe(`mutants (EPUB_FUZZ_SEED=${SEED}, EPUB_FUZZ_COUNT=${MUTANT_COUNT})`, () => {
  it('gives a result for every mutant, never an exception, and a reason whenever it refuses', async () => {
    const random = randomOf(SEED);
    const book = bookWith();
    let passedCount = 0;
    for (let index = 0; index < MUTANT_COUNT; index += 1) {
      const path = await layDown(mutate(book, random));
      const result = await preflight(path);
      expect(result.ok).toBe(result.hostile.length + result.blocking.length === 0);
      if (!result.ok) continue;
      passedCount += 1;
      const archive = await Archive.open(path);
      const { log, document } = await checkStructure(archive, () => undefined);
      await archive.close();
      expect(document !== null || !log.isClean).toBe(true);
    }
    expect(passedCount).toBeLessThan(MUTANT_COUNT);
  });
});

function mutate(book: Buffer, random: (below: number) => number): Buffer {
  let mutant = Buffer.from(book);
  for (let change = 0; change <= random(4); change += 1) {
    const at = random(mutant.length);
    const kind = random(4);
    if (kind === 0) mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at + random(40))]);
    else if (kind === 1)
      mutant = Buffer.concat([mutant.subarray(0, at), mutant.subarray(at - random(40)), mutant.subarray(at)]);
    else mutant[at] = random(256);
    if (mutant.length === 0) return mutant;
  }
  return mutant;
}

/** A small linear congruential generator: the same numbers on every machine. */
function randomOf(seed: number): (below: number) => number {
  let state = BigInt(seed);
  return (below) => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & 0xffff_ffff_ffff_ffffn;
    return Number((state >> 33n) % BigInt(below));
  };
}
