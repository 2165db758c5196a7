/**
 * Queries and mutations by POST, straight on node:http: what nearly every request is.
 *
 * It takes a POST of plain JSON that holds one sound document and nothing unusual; everything else (faulty JSON, faulty
 * documents, other media types, GET, subscriptions) goes on to Yoga, which knows how to refuse it. What it takes goes
 * through the same plugins (`getEnveloped`): accounts, limits, cost, rights and masking.
 * Promise: the same status, headers and body as Yoga's; test/server/request-lane.test.ts asks both and compares.
 * Not here: the body's size and the refusal of forms, which come before (../server.ts).
 */
import { type DocumentNode, type ExecutionResult, getOperationAST, OperationTypeNode } from 'graphql';
import { isAsyncIterable, processRegularResult } from 'graphql-yoga';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { AnonymousAnswers } from './anonymous-answers.ts';
import { type Caller, GRAPHQL_PATH, type GraphqlServer } from './graphql.ts';
import type { Exchange } from './http.ts';
import { KeptDocuments } from './kept-documents.ts';
import { type Teller, tell } from './masking.ts';

const JSON_TYPES = ['application/json', 'application/graphql-response+json'];

const jsonObject = z.record(z.string(), z.unknown()).nullish();
const paramsSchema = z.strictObject({
  query: z.string(),
  operationName: z.string().nullish(),
  variables: jsonObject,
  extensions: jsonObject,
});
type Params = z.infer<typeof paramsSchema>;
type Tools = ReturnType<GraphqlServer['getEnveloped']>;

export interface RequestLane {
  /**
   * Answers a query or a mutation.
   * @returns false when it is none that this lane takes: then nothing was done
   */
  serve(exchange: Exchange, caller: Caller, body: string): Promise<boolean>;
}

export interface RequestLaneOptions {
  graphql: GraphqlServer;
  teller: Teller;
  answers: AnonymousAnswers;
}

export function openRequestLane({ graphql, teller, answers }: RequestLaneOptions): RequestLane {
  const documents = new KnownDocuments();
  return {
    serve: async ({ request, response, url }, caller, body) => {
      const type = url.pathname === GRAPHQL_PATH ? answerType(request.headers) : null;
      if (type === null) return false;
      const isAnonymous = caller.authorization === null;
      const found = isAnonymous ? answers.find(body, caller.address) : null;
      const kept = typeof found === 'string' || found === null ? found : await found;
      if (kept !== null) {
        send(response, { type, text: kept });
        return true;
      }
      const params = paramsOf(body);
      if (!params) return false;
      const tools = graphql.getEnveloped({ params, ...caller });
      const document = documents.find(params.query, tools);
      const operation = document && getOperationAST(document, params.operationName);
      if (!document || !operation || operation.operation === OperationTypeNode.SUBSCRIPTION) return false;
      const run = () => execute(tools, document, params, caller.requestId, teller);
      const isForAll = isAnonymous && operation.operation === OperationTypeNode.QUERY;
      const result = await (isForAll ? answers.make(body, caller.address, run) : run());
      if (typeof result === 'string') send(response, { type, text: result });
      else if (result.errors) send(response, await wordErrors(graphql, result, type));
      else send(response, { type, text: JSON.stringify(result) });
      return true;
    },
  };
}

async function execute(tools: Tools, document: DocumentNode, params: Params, requestId: string, teller: Teller) {
  try {
    const result: ExecutionResult | AsyncIterable<unknown> = await tools.execute({
      schema: tools.schema,
      document,
      operationName: params.operationName ?? null,
      variableValues: params.variables ?? {},
      contextValue: await tools.contextFactory(),
    });
    if (isAsyncIterable(result)) throw new TypeError('a query gave a stream');
    return result;
  } catch (error) {
    return { errors: [tell(error, requestId, teller)] };
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return;
  const { status = 200, type, text } = answer;
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

interface Answer {
  status?: number;
  type: string;
  text: string;
}

/** Yoga says which status errors have, and what of them is told. */
async function wordErrors(graphql: GraphqlServer, result: ExecutionResult, type: string): Promise<Answer> {
  const worded = processRegularResult(result, graphql.fetchAPI, type);
  return { status: worded.status, type, text: await worded.text() };
}

/** Documents by their text, the latest last; null for a text that is no sound document. */
class KnownDocuments {
  readonly #known = new KeptDocuments<DocumentNode | null>();

  find(text: string, tools: Tools): DocumentNode | null {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const document = this.#read(text, tools);
    this.#known.set(text, document);
    return document;
  }

  #read(text: string, tools: Tools): DocumentNode | null {
    try {
      const document = tools.parse(text);
      return tools.validate(tools.schema, document).length === 0 ? document : null;
    } catch {
      return null;
    }
  }
}

/** The first of the accepted types that we have, as Yoga chooses; null where anything is left for Yoga to say. */
function answerType({ accept, 'content-type': contentType }: IncomingHttpHeaders): string | null {
  if (!/^application\/json(;|$)/.test(contentType ?? '')) return null;
  for (const one of (accept ?? '*/*').replace(/\s/g, '').toLowerCase().split(',')) {
    if (one === '*/*' || one === 'application/*') return 'application/json';
    if (JSON_TYPES.includes(one)) return one;
    if (one.includes(';')) return null;
  }
  return null;
}

function paramsOf(body: string): Params | null {
  try {
    return paramsSchema.safeParse(JSON.parse(body)).data ?? null;
  } catch {
    return null;
  }
}
