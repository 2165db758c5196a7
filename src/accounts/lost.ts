/**
 * Lost credentials: of many that were good, those that are not any more. Thousands of live subscriptions ask for this
 * twice a second, so what still holds does not come back from the database.
 */
import { and, eq, gt, isNull, sql } from 'drizzle-orm';
import type { Db } from '../db/client.ts';
import { rowsOf } from '../db/rows.ts';
import { sessions, users } from '../db/tables/index.ts';
import type { Viewer } from './accounts.ts';
import { isApiKey, viewersOfKeys } from './api-keys.ts';

/** A session's token or an API key, and whom it acted for when it was asked last. */
export interface Acting {
  readonly token: string;
  readonly viewer: Viewer;
}

/** @returns of these, those that do no longer act for whom they did: signed out, expired, revoked, or of another role */
export async function lostOf<Known extends Acting>(
  db: Db,
  known: readonly Known[],
  now: Date,
): Promise<ReadonlySet<Known>> {
  const { keys = [], tokens = [] } = Object.groupBy(known, ({ token }) => (isApiKey(token) ? 'keys' : 'tokens'));
  const [byKey, lost] = await Promise.all([
    keys.length === 0 ? new Map<string, Viewer>() : viewersOfKeys(db, secretsOf(keys), now),
    tokens.length === 0 ? [] : lostSessions(db, tokens, now),
  ]);
  return new Set([...keys.filter(({ token, viewer }) => !isSame(byKey.get(token), viewer)), ...lost]);
}

async function lostSessions<Known extends Acting>(db: Db, known: readonly Known[], now: Date): Promise<Known[]> {
  // A session is its user's for ever; the role may change.
  const alike = [...Map.groupBy(known, ({ token, viewer }) => `${viewer.role} ${token}`).values()];
  const each = alike.flatMap(([one]) => one ?? []);
  const { from, of, place } = rowsOf({
    token: ['text', each.map(({ token }) => token)],
    role: ['user_role', each.map(({ viewer }) => viewer.role)],
  });
  // Limited, so that each is a look into the index, however the tables were when it was planned.
  const still = db
    .select({ id: users.id })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(
      and(sql`${sessions.token} = ${of('token')}`, gt(sessions.expiresAt, now), sql`${users.role} = ${of('role')}`),
    )
    .limit(1)
    .as('still');
  const rows = await db
    .select({ place: sql<number>`${place}` })
    .from(from)
    .leftJoinLateral(still, sql`true`)
    .where(isNull(still.id));
  return rows.flatMap(({ place: at }) => alike[at] ?? []);
}

const secretsOf = (keys: readonly Acting[]): string[] => [...new Set(keys.map(({ token }) => token))];

/** The same person with the same role; nobody is the same as nobody. */
export const isSame = (one: Viewer | null | undefined, other: Viewer | null): boolean =>
  one?.id === other?.id && one?.role === other?.role;
