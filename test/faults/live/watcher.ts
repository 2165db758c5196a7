/** One reader of live status that notes when each update came, and when and how the subscription ended. */
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { z } from 'zod';

export interface Watcher {
  /** By `performance.now()`. */
  readonly updatesAtMs: number[];
  /** When it ended; null while it is open. */
  endedAtMs: number | null;
  /** The code of the error that ended it. */
  code: string | null;
  close(): void;
}

export interface Watching {
  readonly url: string;
  readonly query: string;
  readonly id: string;
  readonly token: string;
}

const resultSchema = z.object({
  errors: z.array(z.object({ extensions: z.object({ code: z.string() }) })).optional(),
});

/** Resolves with the first update. */
export function watch(transport: 'SSE' | 'WS', watching: Watching): Promise<Watcher> {
  return transport === 'SSE' ? watchEvents(watching) : watchSocket(watching);
}

function note(watcher: Watcher, result: unknown): void {
  const [error] = resultSchema.parse(result).errors ?? [];
  if (error) watcher.code = error.extensions.code;
  else watcher.updatesAtMs.push(performance.now());
}

async function watchEvents({ url, query, id, token }: Watching): Promise<Watcher> {
  const leaving = new AbortController();
  const watcher: Watcher = { updatesAtMs: [], endedAtMs: null, code: null, close: () => leaving.abort() };
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    signal: leaving.signal,
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'x-booky-hub': 'faults',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query, variables: { id } }),
  });
  const opened = Promise.withResolvers<void>();
  const read = async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: ?(\{.+)$/m.exec(block)?.[1];
        if (data === undefined) continue;
        note(watcher, JSON.parse(data));
        opened.resolve();
      }
    }
  };
  void read()
    .catch(() => {})
    .finally(() => {
      watcher.endedAtMs = performance.now();
      opened.resolve();
    });
  await opened.promise;
  return watcher;
}

async function watchSocket({ url, query, id, token }: Watching): Promise<Watcher> {
  const client = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  const watcher: Watcher = { updatesAtMs: [], endedAtMs: null, code: null, close: () => client.terminate() };
  const opened = Promise.withResolvers<void>();
  const end = () => {
    watcher.endedAtMs ??= performance.now();
    opened.resolve();
  };
  client.subscribe(
    { query, variables: { id } },
    {
      next: (result) => {
        note(watcher, result);
        opened.resolve();
      },
      error: end,
      complete: end,
    },
  );
  await opened.promise;
  return watcher;
}
