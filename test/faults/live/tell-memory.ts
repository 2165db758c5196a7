/** Imported before a process of the program: on SIGUSR2 it collects garbage and writes what it still uses. */
import { writeFileSync } from 'node:fs';

const ROUNDS = 4;
const PAUSE_MS = 150;

let round = 0;
function collect(): void {
  globalThis.gc?.();
  round += 1;
  // What finalizers and the allocator give back comes a little later.
  if (round < ROUNDS) setTimeout(collect, PAUSE_MS);
  else {
    const { rss, heapUsed } = process.memoryUsage();
    writeFileSync(
      process.env['MEMORY_FILE'] ?? '/dev/stderr',
      `${JSON.stringify({ rssBytes: rss, heapBytes: heapUsed })}\n`,
    );
  }
}

process.on('SIGUSR2', () => {
  round = 0;
  collect();
});
