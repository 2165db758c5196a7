/** A child's program: tells its nice value and the scheduling classes of its threads, at once or when those are as wanted. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { serveTask } from '../../src/child-processes/serve-task.ts';

/** Fields of proc_pid_stat(5) behind the bracket of the second. */
const fieldsOf = (path: string): string[] => readFileSync(path, 'utf8').split(') ')[1]?.split(' ') ?? [];

function scheduling() {
  const policies = readdirSync('/proc/self/task').map((thread) =>
    Number(fieldsOf(`/proc/self/task/${thread}/stat`)[38]),
  );
  return { nice: Number(fieldsOf('/proc/self/stat')[16]), policies: [...new Set(policies)] };
}

serveTask(async (raw, parent) => {
  const { policies } = z.object({ policies: z.array(z.int()).nullable() }).parse(raw);
  await parent.part(scheduling());
  const isThere = () => policies === null || String(scheduling().policies) === String(policies);
  while (!isThere()) await delay(5);
  return { ...scheduling(), environment: Object.keys(process.env) };
});
