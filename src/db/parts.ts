/**
 * Parts: what changes rows, written so that it can be sent in one statement with other changes, and be one commit.
 *
 * Promise: all of a statement's parts are done, or none. Each sees the rows as they were before the statement, and of the
 * others only what they return; of a row that two parts change, one change is lost: no two may change the same. In which
 * order they are done nobody promises, unless one reads what another returns (`isDone`).
 */
import { type SQL, sql } from 'drizzle-orm';
import type { Tx } from './client.ts';

/**
 * By the name that other parts know it by, which is no table's: an `insert`, `update` or `delete`, or a `select` that others
 * read.
 */
export type Parts = Readonly<Record<string, SQL>>;

/** What stands beside parts in the statements of this file and in that which stores events (../streams/outbox.ts). */
const RESERVED = new Set(['d', 'added', 'gathered', 'packed', 'stepped', 'done']);

/** @throws TypeError when two parts have the same name */
export function joinParts(all: readonly Parts[]): Parts {
  const joined: Record<string, SQL> = {};
  for (const [name, part] of all.flatMap(Object.entries)) {
    if (name in joined) throw new TypeError(`two parts of a statement are named '${name}'`);
    joined[name] = part;
  }
  return joined;
}

/** A condition that is true, and known only when a part that returns rows has done all of its work. */
export const isDone = (name: string): SQL => sql`(select count(*) from ${sql.identifier(name)}) >= 0`;

/** As they stand behind `with`, each followed by a comma. @throws TypeError when a part has a name that is reserved */
export function beforeOthers(parts: Parts): SQL {
  for (const name of Object.keys(parts)) {
    if (RESERVED.has(name)) throw new TypeError(`a part of a statement cannot be named '${name}'`);
  }
  return sql.join(Object.entries(parts).map(([name, part]) => sql`${sql.identifier(name)} as (${part}), `));
}

/** Does parts alone, in one statement. */
export async function storeParts(tx: Pick<Tx, 'execute'>, parts: Parts): Promise<void> {
  if (Object.keys(parts).length === 0) return;
  await tx.execute(sql`with ${beforeOthers(parts)} done as (select) select from done`);
}
