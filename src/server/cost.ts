/**
 * What an operation costs, told before it runs: every field costs 1, a page multiplies what is in it by its `first`, a
 * list without `first` by 10.
 *
 * Depth and aliases are counted beside it. To ask for the schema has a price of its own, whatever is asked of it: its depth
 * is bounded by graphql's own rule, and its width by the rule that nothing in it has an alias (plugins.ts).
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { z } from 'zod';

export interface Cost {
  /** In fields resolved at most. */
  cost: number;
  depth: number;
}

const PAGE_SIZE_MAX = 100;
/** The whole schema is some 400 KB; one type of it is a small part. */
const INTROSPECTION_COST: Readonly<Record<string, number>> = { __schema: 1_000, __type: 100 };

/** What the schema declares of a field (`complexity` in its options), or the builder's default. */
const declaredSchema = z
  .union([
    z.number().transform((field) => ({ field, multiplier: 1 })),
    z.object({ field: z.number().default(1), multiplier: z.number().default(1) }),
  ])
  .catch({ field: 1, multiplier: 1 });

interface Walk {
  schema: GraphQLSchema;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  variables: Readonly<Record<string, unknown>>;
  /** What a fragment costs is worked out once, however often it is spread. */
  known: Map<FragmentDefinitionNode, Cost>;
}

/** @returns cost and depth of the operation that would run; zero when there is none. The document is valid. */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  options: {
    operationName?: string | null | undefined;
    variables?: Readonly<Record<string, unknown>> | null | undefined;
  },
): Cost {
  const operation = operationOf(document, options.operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return { cost: 0, depth: 0 };
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const variables = { ...defaultsOf(operation), ...options.variables };
  return costOfSet({ schema, fragments, variables, known: new Map() }, operation.selectionSet, root);
}

export function operationOf(
  document: DocumentNode,
  operationName: string | null | undefined,
): OperationDefinitionNode | undefined {
  return document.definitions.find(
    (definition): definition is OperationDefinitionNode =>
      definition.kind === Kind.OPERATION_DEFINITION && (!operationName || definition.name?.value === operationName),
  );
}

function costOfSet(walk: Walk, set: SelectionSetNode, type: GraphQLNamedType): Cost {
  const total: Cost = { cost: 0, depth: 0 };
  for (const selection of set.selections) {
    let part: Cost;
    if (selection.kind === Kind.FIELD) {
      part = costOfField(walk, selection, type);
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      const on = selection.typeCondition ? walk.schema.getType(selection.typeCondition.name.value) : type;
      part = costOfSet(walk, selection.selectionSet, on ?? type);
    } else {
      part = costOfSpread(walk, selection.name.value, type);
    }
    total.cost += part.cost;
    total.depth = Math.max(total.depth, part.depth);
  }
  return total;
}

function costOfSpread(walk: Walk, name: string, type: GraphQLNamedType): Cost {
  const fragment = walk.fragments.get(name);
  if (!fragment) return { cost: 0, depth: 0 };
  const known = walk.known.get(fragment);
  if (known) return known;
  const cost = costOfSet(walk, fragment.selectionSet, walk.schema.getType(fragment.typeCondition.name.value) ?? type);
  walk.known.set(fragment, cost);
  return cost;
}

function costOfField(walk: Walk, node: FieldNode, parent: GraphQLNamedType): Cost {
  const name = node.name.value;
  if (name.startsWith('__')) return { cost: INTROSPECTION_COST[name] ?? 0, depth: 0 };
  const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  if (!field) return { cost: 1, depth: 1 };
  const declared = declaredBy(field);
  if (!node.selectionSet) return { cost: declared.field, depth: 1 };
  const inner = costOfSet(walk, node.selectionSet, getNamedType(field.type));
  // A page's edges and nodes are multiplied already, by the field that takes `first`.
  const isOfPage = name === 'edges' || name === 'nodes';
  const multiplier = isOfPage ? 1 : (firstOf(walk, node) ?? declared.multiplier);
  return { cost: declared.field + inner.cost * multiplier, depth: 1 + inner.depth };
}

const declarations = new WeakMap<object, z.output<typeof declaredSchema>>();

/** Read once: the schema never changes. */
function declaredBy(field: { extensions: Readonly<Record<PropertyKey, unknown>> }): z.output<typeof declaredSchema> {
  const before = declarations.get(field);
  if (before) return before;
  const declared = declaredSchema.parse(field.extensions['complexity']);
  declarations.set(field, declared);
  return declared;
}

function firstOf(walk: Walk, node: FieldNode): number | null {
  const value = node.arguments?.find((argument) => argument.name.value === 'first')?.value;
  if (!value) return null;
  const first = value.kind === Kind.VARIABLE ? walk.variables[value.name.value] : 'value' in value ? value.value : null;
  const count = Number(first);
  return Number.isFinite(count) ? Math.min(Math.max(count, 1), PAGE_SIZE_MAX) : PAGE_SIZE_MAX;
}

function defaultsOf(operation: OperationDefinitionNode): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    if (defaultValue?.kind === Kind.INT) defaults[variable.name.value] = Number(defaultValue.value);
  }
  return defaults;
}
