/** A child's program: tells its scheduling class and nice value, at once or as soon as the class is the wanted one. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { serveTask } from '../../src/child-processes/serve-task.ts';

/** Fields 19 and 41 of proc_pid_stat(5), of which two stand before the bracket. */
function scheduling() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { nice: Number(fields[16]), policy: Number(fields[38]) };
}

serveTask(async (raw, parent) => {
  const { policy } = z.object({ policy: z.int().nullable() }).parse(raw);
  await parent.part(scheduling());
  const isThere = () => policy === null || scheduling().policy === policy;
  while (!isThere()) await delay(5);
  return scheduling();
});
