/** A reader of server-sent events that pulls one event after another, as `fetch` gives them. */
import { z } from 'zod';

const eventSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.unknown()).optional(),
});

export interface ReceivedEvent extends z.infer<typeof eventSchema> {
  id: string | null;
}

export async function openEvents(
  url: string,
  query: string,
  options: { variables?: Record<string, unknown>; token?: string; lastEventId?: string },
) {
  const leaving = new AbortController();
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal: leaving.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...(options.lastEventId ? { 'last-event-id': options.lastEventId } : {}),
    },
    body: JSON.stringify({ query, variables: options.variables ?? {} }),
  });
  if (!response.body) throw new Error('the answer has no body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    response,
    /** @returns the next event; null when the stream is complete */
    async next(): Promise<ReceivedEvent | null> {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const event = parse(block);
          if (event !== 'HEARTBEAT') return event;
          continue;
        }
        const { value, done } = await reader.read();
        if (done) return null;
        text += value;
      }
    },
    close: () => leaving.abort(),
  };
}

function parse(block: string): ReceivedEvent | null | 'HEARTBEAT' {
  const lines = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
  if (lines.get('event') === 'complete') return null;
  const data = lines.get('data');
  if (!data) return 'HEARTBEAT';
  return { id: lines.get('id') ?? null, ...eventSchema.parse(JSON.parse(data)) };
}
