/**
 * V8's helper threads, which look through the heap and compile beside the program, give way to everything else: nobody waits
 * for what they do, and as many as there are take all cores of a small machine from purchases for a fifth of a second.
 *
 * On Linux, where threads have priorities of their own. Elsewhere nothing happens.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

/** As Node names them. */
const HELPER = 'V8Worker';
const THREADS = '/proc/self/task';

/** @returns how many there are, which is 0 where they cannot be told apart */
export function letHelpersGiveWay(): number {
  if (process.platform !== 'linux') return 0;
  const helpers = readdirSync(THREADS).filter((id) => readFileSync(`${THREADS}/${id}/comm`, 'utf8').trim() === HELPER);
  for (const id of helpers) setPriority(Number(id), constants.priority.PRIORITY_BELOW_NORMAL);
  return helpers.length;
}
