/**
 * Row 22: whoever watches something live loses the right to it: by sign-out, expiry, revocation of the key, loss of the
 * role, or because the thing becomes another's. Half of what is watched is silent, half speaks all the time.
 */
import { createApiKey } from '../../../src/accounts/api-keys.ts';
import type { Database } from '../../../src/db/client.ts';
import { encodeId } from '../../../src/schema/ids.ts';
import { appendEvents, createNotifier, RETRYING } from '../../../src/streams/index.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { freePort } from '../harness/servers.ts';
import { askOnce } from '../harness/shop-client.ts';
import { KEY_PREFIX, openStack, type Stack } from '../harness/stack.ts';
import { pause, waitFor } from '../harness/wait.ts';
import { openShoppers, type Shopper } from '../live/shoppers.ts';
import { watch, type Watcher } from '../live/watcher.ts';

const ORDER_STATUS = 'subscription ($id: ID!) { orderStatus(orderId: $id) { seq } }';
const SIGN_OUT = 'mutation { signOut }';
const REVOKE = 'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }';
const BEAT_MS = 200;
const LOST_WITHIN_MS = 3_000;
const ENDED_MS_MAX = 1_000;

interface Held {
  readonly token: string;
  /** Takes the right away; resolves when that is committed. */
  readonly lose: () => Promise<unknown>;
}

type Way = (database: Database, url: string, shopper: Shopper) => Promise<Held> | Held;

const uuidIn = (globalId: string): string => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? '';

const WAYS: Record<string, Way> = {
  'sign-out': (_database, url, { token }) => ({ token, lose: () => askOnce(url, SIGN_OUT, {}, token) }),
  expiry: ({ sql }, _url, { token }) => ({
    token,
    lose: async () => sql`update session set expires_at = now() - interval '1 second' where token = ${token}`,
  }),
  'revoked key': async ({ db, sql }, url, { token, id }) => {
    const [order] = await sql<{ buyer: string }[]>`select buyer_id as buyer from "order" where id = ${uuidIn(id)}`;
    const key = { userId: order?.buyer ?? '', name: 'A key', expiresAt: null, now: new Date() };
    const made = await db.transaction((tx) => createApiKey(tx, { ...key, scopes: ['orders:read'] }));
    return { token: made.secret, lose: () => askOnce(url, REVOKE, { id: encodeId('ApiKey', made.id) }, token) };
  },
  'lost role': async (database, _url) => {
    const [admin] = await openShoppers(database, 1);
    if (!admin) throw new TypeError('nobody was made');
    const setRole = async (role: string) => database.sql`
      update "user" set role = ${role}::user_role
      where id = (select user_id from session where token = ${admin.token})`;
    await setRole('ADMIN');
    return { token: admin.token, lose: () => setRole('READER') };
  },
  'changed owner': async (database, _url, { token, id }) => {
    const [other] = await openShoppers(database, 1);
    const lose = async () => database.sql`
      update "order" set buyer_id = (select buyer_id from "order" where id = ${uuidIn(other?.id ?? '')})
      where id = ${uuidIn(id)}`;
    return { token, lose };
  },
};

interface Case {
  readonly words: string;
  readonly subject: string;
  readonly isSilent: boolean;
  readonly held: Held;
  readonly watcher: Watcher;
}

async function openCases(database: Database, url: string, each: number): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [way, hold] of Object.entries(WAYS)) {
    for (const transport of ['SSE', 'WS'] as const) {
      for (const isSilent of [true, false]) {
        for (const shopper of await openShoppers(database, each)) {
          const held = await hold(database, url, shopper);
          const watcher = await watch(transport, { url, query: ORDER_STATUS, id: shopper.id, token: held.token });
          const words = `${way}, ${transport}, ${isSilent ? 'silent' : 'busy'}`;
          cases.push({ words, subject: shopper.subject, isSilent, held, watcher });
        }
      }
    }
  }
  return cases;
}

/** Speaks for all busy subjects until it is stopped. @returns how many events it appended */
async function speak(
  { database: { db }, redisClient }: Stack,
  subjects: readonly string[],
  stopping: AbortSignal,
): Promise<number> {
  const wake = createNotifier(redisClient, KEY_PREFIX);
  let appended = 0;
  while (!stopping.aborted) {
    const payload = { stage: 'purchase.fulfil', failures: 1 };
    const drafts = subjects.map((subject) => ({ type: RETRYING, subject, payload }));
    await appendEvents(db, drafts, { now: new Date(), shards: 1 });
    wake();
    appended += subjects.length;
    await pause(BEAT_MS);
  }
  return appended;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const { isShort, random, say } = context;
  const stack = await openStack(context, { purchases: 1, env: { COST_PER_MINUTE_MAX: '1000000000' } });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await Promise.all([stack.api('api', port).start(), stack.worker('worker-1').start()]);
  const cases = await openCases(stack.database, url, isShort ? 1 : 10);
  say(`${cases.length} subscriptions are open`);
  const stopping = new AbortController();
  const subjects = cases.filter(({ isSilent }) => !isSilent).map(({ subject }) => subject);
  const speaking = speak(stack, subjects, stopping.signal);
  const lostAtMs = await Promise.all(
    cases.map(async ({ held }) => {
      await pause(random.next() * LOST_WITHIN_MS);
      await held.lose();
      return performance.now();
    }),
  );
  await waitFor('the end of every subscription', 10_000, async () =>
    cases.every(({ watcher }) => watcher.endedAtMs !== null),
  ).catch(() => {});
  stopping.abort();
  const appended = await speaking;
  const violations: string[] = [];
  let late = 0;
  const tookMs = cases.map(({ words, watcher }, at) => {
    const lost = lostAtMs[at] ?? 0;
    const after = watcher.updatesAtMs.filter((updateAtMs) => updateAtMs > lost + ENDED_MS_MAX).length;
    late += after;
    if (after > 0) violations.push(`${words}: ${after} updates came more than a second after`);
    if (watcher.endedAtMs === null) violations.push(`${words}: it never ended`);
    else if (watcher.code !== 'UNAUTHENTICATED')
      violations.push(`${words}: it ended with ${watcher.code ?? 'no word'}`);
    watcher.close();
    return (watcher.endedAtMs ?? Number.POSITIVE_INFINITY) - lost;
  });
  const slowestMs = Math.round(Math.max(...tookMs));
  if (!isShort && slowestMs > ENDED_MS_MAX) violations.push(`one ended after ${slowestMs} ms, which is more than 1 s`);
  return {
    injected: `${cases.length} rights lost by sign-out, expiry, revocation, role and owner, half of them on silent subscriptions`,
    figures: {
      subscriptions: cases.length,
      'events meanwhile': appended,
      'updates seen': cases.reduce((total, { watcher }) => total + watcher.updatesAtMs.length, 0),
      'updates after a second': late,
      'slowest end (ms)': slowestMs,
    },
    violations,
  };
}

const row: FaultRow = {
  row: 22,
  title: 'Rights are lost while something is watched live',
  promise: [7],
  loadFull:
    '200 subscriptions, half over server-sent events, half over graphql-ws; half silent, half with 5 events a second',
  loadShort: '20 subscriptions',
  invariant: '0 updates a second after the loss; each ends within 1 s and says why',
  run,
};
export default row;
