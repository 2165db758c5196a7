/**
 * Scratch: a folder per test file in which books are laid down, checked to hold nothing else, and taken away.
 */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';

const BOOK = 'book.epub';

/** @returns lays a book down and tells its path; after each test the folder must hold that book alone */
export function useScratch(): (bytes: Buffer) => Promise<string> {
  let folder = '';
  let isUsed = false;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'booky-epub-'));
  });
  afterEach(async () => {
    expect(await readdir(folder)).toEqual(isUsed ? [BOOK] : []);
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });
  return async (bytes) => {
    const path = join(folder, BOOK);
    await writeFile(path, bytes);
    isUsed = true;
    return path;
  };
}
