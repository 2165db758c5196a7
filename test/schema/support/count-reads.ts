/** How many statements read a table while something is asked. */
import type { Db } from '../../../src/db/client.ts';

export async function countReads<Answer>(
  db: Db,
  table: string,
  ask: () => Promise<Answer>,
): Promise<{ answer: Answer; reads: number }> {
  const { session } = db._;
  const seen: string[] = [];
  const prepare = session.prepareQuery.bind(session);
  session.prepareQuery = (...args: Parameters<typeof prepare>) => {
    seen.push(args[0].sql);
    return prepare(...args);
  };
  try {
    const answer = await ask();
    return { answer, reads: seen.filter((text) => text.includes(`from "${table}"`)).length };
  } finally {
    session.prepareQuery = prepare;
  }
}
