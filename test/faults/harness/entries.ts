/** What an entry of a stream holds, read from outside: the numbers its id tells of, each with the event in that place. */

export interface NumberedEvent {
  readonly number: number;
  /** As parsed from JSON; null when the entry holds fewer events than its id says, or something else. */
  readonly event: unknown;
}

/** @param id `number of the last event-count` */
export function openEntry(id: string, fields: readonly string[]): NumberedEvent[] {
  const [last = 0, count = 0] = id.split('-').map(Number);
  const events = parseOrNull(fields[fields.indexOf('e') + 1]);
  const found: readonly unknown[] = Array.isArray(events) && events.length === count ? events : [];
  return Array.from({ length: count }, (_, index) => ({
    number: last - count + 1 + index,
    event: found[index] ?? null,
  }));
}

function parseOrNull(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return null;
  }
}
