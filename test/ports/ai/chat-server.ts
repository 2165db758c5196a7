/** A server on loopback that speaks as much of OpenAI's chat completions as the adapter uses, and answers as it is told. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

const askedSchema = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  max_completion_tokens: z.number(),
  response_format: z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({ name: z.string(), strict: z.literal(true), schema: z.record(z.string(), z.unknown()) }),
  }),
});
type Asked = z.infer<typeof askedSchema>;
type Reply = (response: ServerResponse, asked: Asked) => void;

export interface ChatServer {
  readonly baseUrl: string;
  readonly asked: { readonly body: Asked; readonly headers: IncomingHttpHeaders }[];
  reply: Reply;
  stop(): Promise<void>;
}

export const GOOD_OUTPUT = {
  summary: 'A whaling captain hunts a white whale.',
  tags: ['whaling', 'sea voyage'],
  readingLevel: { band: 'ADVANCED', grade: 12 },
};

export async function startChatServer(): Promise<ChatServer> {
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}');
      return;
    }
    text(request).then(
      (raw) => {
        const body = askedSchema.parse(JSON.parse(raw));
        running.asked.push({ body, headers: request.headers });
        running.reply(response, body);
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is never a string
  const { port } = server.address() as AddressInfo;
  const running: ChatServer = {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    asked: [],
    reply: says(JSON.stringify(GOOD_OUTPUT)),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return running;
}

export function says(
  content: string | null,
  more: { finish?: string; refusal?: string; usage?: object | null } = {},
): Reply {
  const usage =
    more.usage === undefined ? { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100 } : more.usage;
  return (response, asked) => {
    const message = { role: 'assistant', content, refusal: more.refusal ?? null };
    const choice = { index: 0, message, finish_reason: more.finish ?? 'stop', logprobs: null };
    const body = { id: 'c', object: 'chat.completion', created: 0, model: asked.model, choices: [choice] };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(usage === null ? body : { ...body, usage }));
  };
}

export function fails(status: number, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end('{"error":{"message":"no","type":"x"}}');
  };
}
