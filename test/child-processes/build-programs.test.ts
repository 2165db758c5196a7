/** The programs of child processes, built: they must say what their sources say. */
import { expect, test } from 'vitest';
import { buildPrograms } from '../../src/child-processes/build-programs.ts';
import { buildEpub } from '../../src/epub/build.ts';
import { extract, readChapter, validateEpub } from '../../src/epub/index.ts';
import { createLocalEnricher } from '../../src/ports/ai/local-enricher.ts';
import { useScratch } from '../epub/scratch.ts';

const layDown = useScratch();
const TEXT = `The keeper of the lighthouse lit the lamp for the ships in the harbour. Nobody had seen the keeper leave the
lighthouse in winter. His daughter carried the oil for the lamp up the narrow stairs. The ships came home to the harbour.`;

async function askAll(path: string) {
  const { durationMs: _, ...report } = await validateEpub(path);
  const chapter = await readChapter(path, { index: 0, wordsMax: null });
  const enricher = createLocalEnricher();
  const english = await enricher.enrich({ title: '', language: 'en', text: TEXT });
  const german = await enricher.enrich({ title: '', language: 'de', text: TEXT });
  return { report, book: await extract(path), chapter, english, german };
}

test('what is built answers as its sources do', async () => {
  const path = await layDown(
    await buildEpub({
      title: 'The Lamp',
      language: 'en',
      contributors: [{ name: 'A. Keeper', role: 'aut' }],
      cover: { background: '#123456', band: '#654321' },
      chapters: [{ title: 'One', paragraphs: TEXT.split('. ') }],
    }),
  );
  const fromSources = await askAll(path);
  expect(fromSources.report).toMatchObject({ outcome: 'CHECKED', blocking: [] });
  expect(fromSources.book.cover?.renditions.length).toBeGreaterThan(0);
  await buildPrograms();
  expect(await askAll(path)).toEqual(fromSources);
});
