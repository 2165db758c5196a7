/** Dead letters as they stand when what a stage needs was away for all of its tries. */
import type { Sql } from 'postgres';
import { newId } from '../../src/db/tables/columns.ts';

/**
 * As if the mail server had been away.
 * @param change what stands in the payloads in place of what was sent
 * @returns the runs, which wait for somebody to decide
 */
export async function parkReceipts(sql: Sql, count: number, change: Record<string, string> = {}): Promise<string[]> {
  const parked = await sql<{ id: string; stage: string; eventId: string }[]>`
    update run set state = 'PARKED', ended_at = null, at_event_id = split_part(id, '/', 2)::bigint
    where id in (select id from run where workflow = 'receipt' and state = 'COMPLETED' order by id limit ${count})
    returning id, stage, split_part(id, '/', 2) as "eventId"`;
  for (const { id, stage, eventId } of parked) {
    await sql`insert into dead_letter (id, stage, stream, event_id, run_id, reason, error, attempts, payload)
      select ${newId()}, ${stage}, e.type, e.id, ${id}, 'ATTEMPTS_EXHAUSTED',
             'MailUnavailableError: the mail server was away', 8, e.payload || ${sql.json(change)}
      from event e where e.id = ${eventId}`;
  }
  return parked.map(({ id }) => id);
}
