/** What is hung into Yoga: limits on documents, the cost of operations, masking, and ids for server-sent events. */
import {
  type ASTNode,
  type ASTVisitor,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  GraphQLError,
  type GraphQLSchema,
  isIntrospectionType,
  Kind,
  NoSchemaIntrospectionCustomRule,
  parse,
  type SelectionSetNode,
  validate,
  type ValidationContext,
  type ValidationRule,
  visit,
} from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Context } from '../schema/context.ts';
import type { ApiLimits } from '../schema/limits.ts';
import type { Budget } from './budget.ts';
import type { Operations } from './operations.ts';
import { costOf } from './cost.ts';
import { type Teller, tellResult } from './masking.ts';
import { eventStream } from './event-stream.ts';
import type { RequestIds } from './trace.ts';

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

/**
 * Tokens and repeated fields when parsing; aliases and directives when validating.
 * @param introspects whether a caller may ask for the schema; if not, errors do not tell its names either
 * @param operations those that may be asked for; null for all
 */
export function limitDocuments(limits: ApiLimits, introspects: boolean, operations: Operations | null): Plugin {
  return {
    onParse({ setParseFn }) {
      setParseFn((source, options) => {
        if (operations && !operations.allows(typeof source === 'string' ? source : source.body)) {
          const message = 'Only operations that the operator has checked in are taken here.';
          throw new GraphQLError(message, { extensions: { code: 'OPERATION_NOT_ALLOWED' } });
        }
        const document = parse(source, { ...options, maxTokens: limits.tokensMax });
        visit(document, { SelectionSet: (node) => refuseRepeats(node, limits.repeatsMax) });
        return document;
      });
    },
    onValidate({ addValidationRule, setValidationFn }) {
      addValidationRule((context: ValidationContext) => countRule(context, limits));
      if (introspects) return;
      addValidationRule(NoSchemaIntrospectionCustomRule);
      setValidationFn((schema: GraphQLSchema, document: DocumentNode, rules?: readonly ValidationRule[]) =>
        validate(schema, document, rules, { hideSuggestions: true }),
      );
    },
  };
}

/** Validation compares each field with all others of its name beside it, before anything is paid for. */
function refuseRepeats({ selections }: SelectionSetNode, repeatsMax: number): void {
  const counts = new Map<string, number>();
  for (const node of selections) {
    if (node.kind !== Kind.FIELD) continue;
    const { value: name } = node.alias ?? node.name;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    if (count <= repeatsMax) continue;
    const message = `'${name}' is asked for more than ${repeatsMax} times in one place. Ask for it once.`;
    throw new GraphQLError(message, { nodes: [node], extensions: { code: 'TOO_COMPLEX' } });
  }
}

function countRule(context: ValidationContext, { aliasesMax, directivesMax }: ApiLimits): ASTVisitor {
  const counter = (what: string, max: number) => {
    let count = 0;
    return (node: ASTNode) => {
      count += 1;
      if (count !== max + 1) return;
      const message = `This document has more than ${max} ${what}. Ask in several requests.`;
      context.reportError(new GraphQLError(message, { nodes: [node], extensions: { code: 'TOO_COMPLEX' } }));
    };
  };
  // Each alias would multiply what is below it, and a few on several levels make hundreds of MB of an answer.
  const refuseInSchema = (node: FieldNode) => {
    const parent = context.getParentType();
    if (node.name.value !== '__schema' && !(parent && isIntrospectionType(parent))) return;
    const message = 'Aliases are not taken where the schema is asked for. Ask for each field by its name.';
    context.reportError(new GraphQLError(message, { nodes: [node], extensions: { code: 'TOO_COMPLEX' } }));
  };
  const [countAlias, countDirective] = [counter('aliases', aliasesMax), counter('directives', directivesMax)];
  return {
    Field(node) {
      if (!node.alias) return;
      countAlias(node);
      refuseInSchema(node);
    },
    Directive: countDirective,
  };
}

/** Refuses what costs too much before anything runs, and tells the cost in `extensions.cost`. */
export function limitCost(limits: ApiLimits, budget: Budget): Plugin<Context> {
  const check = (args: OperationArgs): Checked | Promise<Checked> => {
    const told: CostTold = { requested: 0, max: limits.complexityMax, depth: 0, depthMax: limits.depthMax };
    if (isDeeperThan(args.variableValues, VARIABLES_DEPTH_MAX)) {
      return { told, refusal: tooComplex(`Variables may be nested ${VARIABLES_DEPTH_MAX} levels deep at most.`) };
    }
    const { cost, depth } = costOf(args.schema, args.document, {
      operationName: args.operationName,
      variables: args.variableValues,
    });
    Object.assign(told, { requested: cost, depth });
    const refusal = refusalOf(told);
    if (refusal) return { told, refusal };
    const { viewer, payer } = args.contextValue;
    const paid = (waitMs: number): Checked => {
      // Answers to nobody in particular are kept and given to others, whose purse is another.
      if (viewer) told.perMinute = { max: limits.costPerMinuteMax, left: budget.left(payer) };
      return { told, refusal: waitMs === 0 ? null : tooMuch(waitMs) };
    };
    const waitMs = budget.spend(payer, cost);
    return typeof waitMs === 'number' ? paid(waitMs) : waitMs.then(paid);
  };
  const begin = ({ told: cost, refusal }: Checked, stop: (result: ExecutionResult) => void) => {
    if (refusal) {
      stop({ errors: [refusal], extensions: { cost } });
      return undefined;
    }
    return {
      onExecuteDone({ result, setResult }: ExecutionDone) {
        if (!isAsyncIterable(result)) setResult({ ...result, extensions: { ...result.extensions, cost } });
      },
    };
  };
  const refuse = ({ told: cost, refusal }: Checked, stop: (result: ExecutionResult) => void) => {
    if (refusal) stop({ errors: [refusal], extensions: { cost } });
  };
  return {
    onExecute({ args, setResultAndStopExecution: stop }) {
      const checked = check(args);
      return checked instanceof Promise ? checked.then((one) => begin(one, stop)) : begin(checked, stop);
    },
    onSubscribe({ args, setResultAndStopExecution: stop }) {
      const checked = check(args);
      if (checked instanceof Promise) return checked.then((one) => refuse(one, stop));
      return refuse(checked, stop);
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
  /** Of callers with an account: what they may spend, and what is left of it. */
  perMinute?: { max: number; left: number };
}

interface Checked {
  told: CostTold;
  refusal: GraphQLError | null;
}

type ExecutionDone = Parameters<
  NonNullable<Exclude<Awaited<ReturnType<NonNullable<Plugin<Context>['onExecute']>>>, void>['onExecuteDone']>
>[0];

function refusalOf(cost: CostTold): GraphQLError | null {
  if (cost.requested > cost.max)
    return tooComplex(`This operation costs ${cost.requested} of ${cost.max} allowed. Ask for less at once.`);
  if (cost.depth > cost.depthMax) {
    return tooComplex(`This operation is ${cost.depth} levels deep of ${cost.depthMax} allowed. Ask for less at once.`);
  }
  return null;
}

const tooComplex = (message: string) => new GraphQLError(message, { extensions: { code: 'TOO_COMPLEX' } });
const tooMuch = (retryAfterMs: number) =>
  new GraphQLError('You asked for more than fits in a minute. Wait a little.', {
    extensions: { code: 'RATE_LIMITED', retryAfterMs },
  });

/** Every result goes through `tell`, whatever the transport. */
export function maskErrors(teller: Teller): Plugin<Context> {
  const mask = (result: ExecutionResult, asked: RequestIds) => tellResult(result, asked, teller);
  return {
    onExecute: ({ args }) => ({
      onExecuteDone({ result, setResult }) {
        if (!isAsyncIterable(result)) setResult(mask(result, args.contextValue));
      },
    }),
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result, setResult }) {
        const asked = args.contextValue;
        if (!isAsyncIterable(result)) setResult(mask(result, asked));
        return { onNext: ({ result, setResult }) => setResult(mask(result, asked)) };
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
