/**
 * The worker's process: one contestant, told by messages what to do.
 *
 * Started with the contestant's name and the place as arguments. It answers each message by one of its own, with the
 * processor time that this process has used so far.
 */
import { z } from 'zod';
import { loadContestant } from './contestants/index.ts';

const placeSchema = z.object({ databaseUrl: z.string(), redisUrl: z.string(), folder: z.string() });
const commandSchema = z.enum(['START', 'STOP', 'MEASURE', 'CLOSE']);

const [name = '', placeText = ''] = process.argv.slice(2);
const contestant = await loadContestant(name);
const worker = await contestant.openWorker(placeSchema.parse(JSON.parse(placeText)));

async function obey(command: z.output<typeof commandSchema>): Promise<void> {
  if (command === 'START') await worker.start();
  if (command === 'STOP') await worker.stop();
  if (command === 'CLOSE') await worker.close();
}

function answer(): void {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1_000 });
}

process.on('message', (message) => {
  const command = commandSchema.parse(message);
  void obey(command).then(() => {
    answer();
    if (command === 'CLOSE') process.disconnect?.();
  });
});
// When the bench is gone there is nothing left to do.
process.on('disconnect', () => process.exit(0));
answer();
