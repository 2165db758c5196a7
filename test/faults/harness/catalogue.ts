/** All rows of the catalogue, found in rows/: a new row is one file and nothing else. */
import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import type { FaultRow } from './row.ts';

const folder = fileURLToPath(new URL('../rows', import.meta.url));

const rowNames = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /^\d\d-.*\.ts$/.test(name)).sort();

/** By the row's number, its file as seen from the project's folder. */
export async function rowFiles(): Promise<Map<number, string>> {
  return new Map((await rowNames()).map((name) => [Number(name.slice(0, 2)), `test/faults/rows/${name}`]));
}

/** @throws when a file's number and its row's differ */
export async function readCatalogue(): Promise<FaultRow[]> {
  const names = await rowNames();
  return Promise.all(
    names.map(async (name) => {
      const module: { default: FaultRow } = await import(pathToFileURL(join(folder, name)).href);
      if (module.default.row !== Number(name.slice(0, 2))) {
        throw new Error(`${name} holds row ${module.default.row}; its name must begin with that number`);
      }
      return module.default;
    }),
  );
}
