/**
 * Events at a steady rate, appended as a stage or a mutation appends them: stored with the state, sent by the relay.
 *
 * A retry is an event of every subject that no stage consumes, so that nothing but the delivery is measured.
 */
import { appendEvents, createNotifier, RETRYING } from '../../../src/streams/index.ts';
import type { Random } from '../harness/random.ts';
import { KEY_PREFIX, type Stack } from '../harness/stack.ts';
import { pause } from '../harness/wait.ts';
import type { Shopper } from './shoppers.ts';

export interface Drumbeat {
  readonly perSecond: number;
  readonly seconds: number;
  /** Events in one commit, each to another reader. (Default: 10) */
  readonly batch?: number;
  /** Text in each event, shown as its reason. (Default: none) */
  readonly textBytes?: number;
}

/** @returns how many were appended to each subject */
export async function beat(
  { database: { db }, redisClient }: Pick<Stack, 'database' | 'redisClient'>,
  shoppers: readonly Shopper[],
  random: Random,
  { perSecond, seconds, batch = 10, textBytes }: Drumbeat,
): Promise<Map<string, number>> {
  const appended = new Map<string, number>();
  const wake = createNotifier(redisClient, KEY_PREFIX);
  const commits = Math.ceil((perSecond * seconds) / batch);
  const text = textBytes === undefined ? {} : { reason: 'x'.repeat(textBytes) };
  const startedAt = performance.now();
  for (let commit = 0; commit < commits; commit++) {
    await pause(Math.max(0, (commit * batch * 1_000) / perSecond - (performance.now() - startedAt)));
    const subjects = new Set<string>();
    while (subjects.size < Math.min(batch, shoppers.length)) subjects.add(random.pick(shoppers).subject);
    const drafts = [...subjects].map((subject) => ({
      type: RETRYING,
      subject,
      payload: { stage: 'purchase.fulfil', failures: 1, ...text },
    }));
    await appendEvents(db, drafts, { now: new Date(), shards: 1 });
    wake();
    for (const subject of subjects) appended.set(subject, (appended.get(subject) ?? 0) + 1);
  }
  return appended;
}
