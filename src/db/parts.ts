/**
 * Parts: what changes rows, written so that it can be sent in one statement with other changes, and be one commit.
 *
 * Promise: all of a statement's parts are done, or none. Each sees the rows as they were before the statement, and of the
 * others only what they return; of a row that two parts change, one change is lost: no two may change the same.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Tx } from './client.ts';

/** By the name that other parts know it by: an `insert`, `update` or `delete`, or a `select` that others read. */
export type Parts = Readonly<Record<string, SQL>>;

/** @throws TypeError when two parts have the same name */
export function joinParts(all: readonly Parts[]): Parts {
  const joined: Record<string, SQL> = {};
  for (const [name, part] of all.flatMap(Object.entries)) {
    if (name in joined) throw new TypeError(`two parts of a statement are named '${name}'`);
    joined[name] = part;
  }
  return joined;
}

/** As they stand behind `with`, each followed by a comma. */
export const beforeOthers = (parts: Parts): SQL =>
  sql.join(Object.entries(parts).map(([name, part]) => sql`${sql.identifier(name)} as (${part}), `));

/** Does parts alone, in one statement. */
export async function storeParts(tx: Pick<Tx, 'execute'>, parts: Parts): Promise<void> {
  if (Object.keys(parts).length === 0) return;
  await tx.execute(sql`with ${beforeOthers(parts)} done as (select) select from done`);
}
