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
import type { Viewer } from '../accounts/accounts.ts';
import { isSameForAll } from '../schema/same-for-all.ts';
import { credentialIn } from './credential.ts';
import { type Caller, GRAPHQL_PATH, type GraphqlServer } from './graphql.ts';
import type { Exchange } from './http.ts';
import { KeptDocuments } from './kept-documents.ts';
import { type Teller, tell } from './masking.ts';
import type { SharedAnswers } from './shared-answers.ts';

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
  answers: SharedAnswers;
  accounts: { viewerOf(token: string): Promise<Pick<Viewer, 'id' | 'scopes'> | null> };
  /** What an account may spend in a minute, and what is left of it. */
  purseOf: (accountId: string) => Purse;
}

type Purse = { max: number; left: number };

/** Whoever may be given what was made for another, and pays it. */
interface Sharer {
  payer: string;
  hasAccount: boolean;
}

export function openRequestLane({ graphql, teller, answers, accounts, purseOf }: RequestLaneOptions): RequestLane {
  const documents = new KnownDocuments();
  /** @returns null for API keys, which may be refused what everybody else is given, and where nobody can be looked up */
  const sharerOf = async ({ authorization, address }: Caller): Promise<Sharer | null> => {
    const token = credentialIn(authorization);
    if (token === null) return { payer: address, hasAccount: false };
    const viewer = await accounts.viewerOf(token).catch(() => undefined);
    if (viewer === undefined) return null;
    if (viewer === null) return { payer: address, hasAccount: false };
    return viewer.scopes === null ? { payer: viewer.id, hasAccount: true } : null;
  };
  const purseOfSharer = ({ payer, hasAccount }: Sharer): Purse | null => (hasAccount ? purseOf(payer) : null);
  return {
    serve: async ({ request, response, url }, caller, body) => {
      const type = url.pathname === GRAPHQL_PATH ? answerType(request.headers) : null;
      if (type === null) return false;
      const isAnonymous = caller.authorization === null;
      let sharer = isAnonymous || answers.hasForAll(body) ? await sharerOf(caller) : null;
      const kept = sharer && (await answers.find(body, sharer.payer));
      if (sharer && kept !== null) {
        send(response, { type, text: tellPurse(kept, purseOfSharer(sharer)) });
        return true;
      }
      const params = paramsOf(body);
      if (!params) return false;
      const tools = graphql.getEnveloped({ params, ...caller });
      const known = documents.find(params.query, tools);
      const operation = known && getOperationAST(known.document, params.operationName);
      if (!known || !operation || operation.operation === OperationTypeNode.SUBSCRIPTION) return false;
      const { document, isForAll } = known;
      const isQuery = operation.operation === OperationTypeNode.QUERY;
      const isShared = answers.isOn && isQuery && (isAnonymous || isForAll);
      sharer = isShared ? (sharer ?? (await sharerOf(caller))) : null;
      const asNobody = sharer && { ...caller, authorization: null, payer: sharer.payer };
      const own = asNobody && !isAnonymous ? graphql.getEnveloped({ params, ...asNobody }) : tools;
      const run = () => execute(own, document, params, caller, teller);
      const made = await (sharer ? answers.make(body, sharer.payer, { run, isForAll }) : run());
      const purse = sharer && purseOfSharer(sharer);
      if (typeof made === 'string') send(response, { type, text: tellPurse(made, purse) });
      else if (made.errors) send(response, await wordErrors(graphql, withPurse(made, purse), type));
      else send(response, { type, text: JSON.stringify(withPurse(made, purse)) });
      return true;
    },
  };
}

/** Puts what is left of a purse behind the cost, with which a shared answer ends. */
function tellPurse(text: string, purse: Purse | null): string {
  return purse ? `${text.slice(0, -COST_END.length)},"perMinute":${JSON.stringify(purse)}${COST_END}` : text;
}

const COST_END = '}}}';

function withPurse(result: ExecutionResult, purse: Purse | null): ExecutionResult {
  const cost: unknown = result.extensions?.['cost'];
  if (!purse || typeof cost !== 'object') return result;
  return { ...result, extensions: { ...result.extensions, cost: { ...cost, perMinute: purse } } };
}

async function execute(tools: Tools, document: DocumentNode, params: Params, caller: Caller, teller: Teller) {
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
    return { errors: [tell(error, caller, teller)] };
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

interface Known {
  document: DocumentNode;
  /** It has the same answer for every caller. */
  isForAll: boolean;
}

/** Documents by their text, the latest last; null for a text that is no sound document. */
class KnownDocuments {
  readonly #known = new KeptDocuments<Known | null>();

  find(text: string, tools: Tools): Known | null {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const read = this.#read(text, tools);
    this.#known.set(text, read);
    return read;
  }

  #read(text: string, tools: Tools): Known | null {
    try {
      const document = tools.parse(text);
      if (tools.validate(tools.schema, document).length > 0) return null;
      return { document, isForAll: isSameForAll(tools.schema, document) };
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
