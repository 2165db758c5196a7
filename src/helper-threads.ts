/**
 * V8's helper threads, which look through the heap and compile beside the program, give way to its own thread and to others:
 * as many as there are take all cores of a small machine from purchases for a fifth of a second.
 *
 * On Linux, where threads have priorities of their own. Elsewhere nothing happens.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';

/** As Node names them. */
const HELPER = 'V8Worker';
const THREADS = '/proc/self/task';

/** To be called early: a thread that ends between being listed and being looked at makes it throw. */
export function letHelpersGiveWay(): void {
  if (process.platform !== 'linux') return;
  // A program that was started with a low priority keeps it: its helpers must not come before it.
  const priority = Math.max(getPriority(), constants.priority.PRIORITY_BELOW_NORMAL);
  const helpers = readdirSync(THREADS).filter((id) => readFileSync(`${THREADS}/${id}/comm`, 'utf8').trim() === HELPER);
  for (const id of helpers) setPriority(Number(id), priority);
}
