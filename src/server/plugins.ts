/** What is hung into Yoga: limits on documents, the cost of operations, masking, and ids for server-sent events. */
import { GraphQLError, Kind, parse, type ASTVisitor, type ValidationContext } from 'graphql';
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Context } from '../schema/context.ts';
import type { ApiLimits } from '../schema/limits.ts';
import type { Budget } from './budget.ts';
import { costOf } from './cost.ts';
import { type Teller, tellResult } from './masking.ts';
import { eventStream } from './event-stream.ts';

/** Inputs of ours are five levels deep; whoever walks a value does it by recursion, which ends somewhere. */
const VARIABLES_DEPTH_MAX = 32;

/** Level by level, since a value may be nested deeper than any recursion. */
function isDeeperThan(value: unknown, levelsMax: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= levelsMax; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (level.length === 0) return false;
  }
  return true;
}

/** Tokens when parsing, aliases when validating. */
export function limitDocuments(limits: ApiLimits): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => parse(source, { ...options, maxTokens: limits.tokensMax }));
    },
    onValidate({ addValidationRule }) {
      addValidationRule((context: ValidationContext) => aliasRule(context, limits.aliasesMax));
    },
  };
}

function aliasRule(context: ValidationContext, aliasesMax: number): ASTVisitor {
  let aliases = 0;
  return {
    Field(node) {
      if (!node.alias) return;
      aliases += 1;
      if (aliases === aliasesMax + 1) {
        const message = `This document has more than ${aliasesMax} aliases. Ask in several requests.`;
        context.reportError(new GraphQLError(message, { nodes: [node], extensions: { code: 'TOO_COMPLEX' } }));
      }
    },
  };
}

/** Refuses what costs too much before anything runs, and tells the cost in `extensions.cost`. */
export function limitCost(limits: ApiLimits, budget: Budget): Plugin<Context> {
  const check = (args: OperationArgs): { cost: CostTold; refusal: GraphQLError | null } => {
    if (isDeeperThan(args.variableValues, VARIABLES_DEPTH_MAX)) {
      const message = `Variables may be nested ${VARIABLES_DEPTH_MAX} levels deep at most.`;
      const refusal = new GraphQLError(message, { extensions: { code: 'TOO_COMPLEX' } });
      return { cost: { requested: 0, max: limits.complexityMax, depth: 0, depthMax: limits.depthMax }, refusal };
    }
    const { cost, depth } = costOf(args.schema, args.document, {
      operationName: args.operationName,
      variables: args.variableValues,
    });
    const told: CostTold = { requested: cost, max: limits.complexityMax, depth, depthMax: limits.depthMax };
    return { cost: told, refusal: refuse(told, args.contextValue, budget) };
  };
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const { cost, refusal } = check(args);
      if (refusal) {
        setResultAndStopExecution({ errors: [refusal], extensions: { cost } });
        return undefined;
      }
      return {
        onExecuteDone({ result, setResult }) {
          if (!isAsyncIterable(result)) setResult({ ...result, extensions: { ...result.extensions, cost } });
        },
      };
    },
    onSubscribe({ args, setResultAndStopExecution }) {
      const { cost, refusal } = check(args);
      if (refusal) setResultAndStopExecution({ errors: [refusal], extensions: { cost } });
    },
  };
}

interface OperationArgs {
  schema: Parameters<typeof costOf>[0];
  document: Parameters<typeof costOf>[1];
  operationName?: string | null | undefined;
  variableValues?: Readonly<Record<string, unknown>> | null | undefined;
  contextValue: Context;
}

interface CostTold {
  requested: number;
  max: number;
  depth: number;
  depthMax: number;
}

function refuse(cost: CostTold, { viewer, address }: Context, budget: Budget): GraphQLError | null {
  if (cost.requested > cost.max || cost.depth > cost.depthMax) {
    const what =
      cost.requested > cost.max
        ? `costs ${cost.requested} of ${cost.max}`
        : `is ${cost.depth} levels deep of ${cost.depthMax}`;
    return new GraphQLError(`This operation ${what} allowed. Ask for less at once.`, {
      extensions: { code: 'TOO_COMPLEX' },
    });
  }
  const retryAfterMs = budget.spend(viewer?.id ?? address, cost.requested);
  if (retryAfterMs === 0) return null;
  return new GraphQLError('You asked for more than fits in a minute. Wait a little.', {
    extensions: { code: 'RATE_LIMITED', retryAfterMs },
  });
}

/** Every result goes through `tell`, whatever the transport. */
export function maskErrors(teller: Teller): Plugin<Context> {
  const mask = (result: ExecutionResult, requestId: string) => tellResult(result, requestId, teller);
  return {
    onExecute: ({ args }) => ({
      onExecuteDone({ result, setResult }) {
        if (!isAsyncIterable(result)) setResult(mask(result, args.contextValue.requestId));
      },
    }),
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result, setResult }) {
        const { requestId } = args.contextValue;
        if (!isAsyncIterable(result)) setResult(mask(result, requestId));
        return { onNext: ({ result, setResult }) => setResult(mask(result, requestId)) };
      },
    }),
  };
}

/** Server-sent events with `id:` lines, so that a browser resumes by itself. */
export function numberEvents(): Plugin {
  return {
    onResultProcess(payload) {
      if (!isAsyncIterable(payload.result)) return;
      if (!payload.request.headers.get('accept')?.includes('text/event-stream')) return;
      payload.setResultProcessor(eventStream, 'text/event-stream');
    },
  };
}

export const isMutation = (document: { definitions: readonly { kind: string; operation?: string }[] }): boolean =>
  document.definitions.some(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.operation === 'mutation',
  );
