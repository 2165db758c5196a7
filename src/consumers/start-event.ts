/** What started a run, read back from the event that its id names. */
import { eq } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { events } from '../db/tables/index.ts';
import type { EventType } from '../streams/index.ts';

/** @param runId `workflow/ID OF THE EVENT` */
export async function readStartEvent<Payload>(
  tx: Tx,
  runId: string,
  event: EventType<string, Payload>,
): Promise<Payload> {
  const [row] = await tx
    .select({ payload: events.payload })
    .from(events)
    .where(eq(events.id, Number(runId.split('/')[1])));
  return event.schema.parse(row?.payload);
}
