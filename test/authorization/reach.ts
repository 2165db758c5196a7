/**
 * How a caller gets at each field: by the global id of each thing there is, by the queries, and from there by fields.
 *
 * A new node type needs a line in `things`; a query or subscription whose arguments are required needs one in `ARGUMENTS`.
 */
import {
  getNamedType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { World } from './world.ts';

export interface Probe {
  /** Its row in the table, such as `Edition (draft).title`. */
  row: string;
  kind: 'query' | 'subscription' | 'mutation';
  /** The root field. */
  root: string;
  /** With parentheses; empty where there are none. For a mutation they are made anew for each caller. */
  args: string;
  /** Inline fragment right under the root: the node's type, or a mutation's payload. */
  on: string | null;
  /** Fields from there to the one that is asked for; empty for the root itself. */
  path: readonly string[];
  /** What to ask of the last field, with braces; empty for a scalar. */
  leaf: string;
  /** Whether others may be asked for in the same request: its root is null when it is refused, and nothing else. */
  isShared: boolean;
}

/** Every node there is, by state where that decides who sees it; the most private first. */
const things = (world: World): [name: string, type: string, id: string][] => {
  const { draft, onSale, bought, people } = world;
  return [
    ['ApiKey', 'ApiKey', world.apiKeyId],
    ['OpenSession', 'OpenSession', world.sessionId],
    ['Order', 'Order', bought.orderId],
    ['Quote', 'Quote', world.quoteId],
    ['Coupon', 'Coupon', world.couponId],
    ['Coupon (a percentage)', 'Coupon', world.percentageId],
    ['Refund', 'Refund', world.refundId],
    ['Payout', 'Payout', world.payoutId],
    ['ReconciliationDifference', 'ReconciliationDifference', world.differenceId],
    ['Entitlement', 'Entitlement', bought.id],
    ['File', 'File', draft.fileId],
    ['Revision (in work)', 'Revision', draft.revisionId],
    ['Edition (draft)', 'Edition', draft.editionId],
    ['Work (draft)', 'Work', draft.workId],
    ['Revision (live)', 'Revision', onSale.revisionId],
    ['Edition (on sale)', 'Edition', onSale.editionId],
    ['Work (on sale)', 'Work', onSale.workId],
    ['User (an author, the owner)', 'User', world.owner.id],
    ['User (a reader)', 'User', people.of('other buyer')?.id ?? ''],
    ['DeadLetter', 'DeadLetter', world.deadLetterId],
    ['WebhookEndpoint', 'WebhookEndpoint', world.hook.endpointId],
    ['WebhookDelivery', 'WebhookDelivery', world.hook.deliveryId],
  ];
};

/** Arguments of queries and subscriptions, by what they are asked for. `first` is 1 wherever it is not named. */
const ARGUMENTS: Record<string, (world: World) => Record<string, Record<string, unknown>>> = {
  'Query.node': ({ id, bought }) => ({ 'another’s order': { id: id('Order', bought.orderId) } }),
  'Query.edition': ({ id, draft, onSale }) => ({
    'a draft': { id: id('Edition', draft.editionId) },
    'on sale': { id: id('Edition', onSale.editionId) },
  }),
  'Query.order': ({ id, bought }) => ({ '': { id: id('Order', bought.orderId) } }),
  'Query.guestOrder': ({ id, bought }) => ({
    'no token of ours': { orderId: id('Order', bought.orderId), guestToken: 'x' },
  }),
  'Query.quote': ({ id, quoteId }) => ({ '': { id: id('Quote', quoteId) } }),
  'Query.run': ({ runId }) => ({ '': { id: runId } }),
  'Query.subject': ({ runSubject }) => ({ '': { name: runSubject } }),
  'Query.deadLetter': ({ id, deadLetterId }) => ({ '': { id: id('DeadLetter', deadLetterId) } }),
  'Query.authorStatement': ({ id, owner }) => ({
    '': { month: '2026-10', currency: 'EUR', authorId: id('User', owner.id) },
  }),
  'Subscription.refundStatus': ({ id, refundId }) => ({ '': { refundId: id('Refund', refundId) } }),
  'Subscription.payoutStatus': ({ id, payoutId }) => ({ '': { payoutId: id('Payout', payoutId) } }),
  'Query.authorBalances': ({ id, owner }) => ({ '': { authorId: id('User', owner.id) } }),
  'Query.payouts': ({ id, owner }) => ({ '': { authorId: id('User', owner.id) } }),
  'Subscription.orderStatus': ({ id, bought }) => ({ '': { orderId: id('Order', bought.orderId) } }),
  'Subscription.editionStatus': ({ id, draft, onSale }) => ({
    'a draft': { editionId: id('Edition', draft.editionId) },
    'on sale': { editionId: id('Edition', onSale.editionId) },
  }),
  'Subscription.runUpdates': ({ runId }) => ({ '': { runId } }),
};

type Field = GraphQLField<unknown, unknown>;
const fieldsOf = (type: GraphQLObjectType): Field[] =>
  Object.values(type.getFields()).toSorted((one, other) => one.name.localeCompare(other.name));
const isNode = (type: GraphQLObjectType) => type.getInterfaces().some(({ name }) => name === 'Node');
const isError = (type: GraphQLObjectType) => type.getInterfaces().some(({ name }) => name === 'Error');
const needsArguments = (field: Field) =>
  field.args.some(
    ({ type, defaultValue, name }) => isNonNullType(type) && defaultValue === undefined && name !== 'first',
  );

/** @throws when it is not known how to get at something: then the message says what to add here */
export function probesOf(schema: GraphQLSchema, world: World): Probe[] {
  const probes: Probe[] = [];
  const reached = new Set<string>();
  const visit = (type: GraphQLObjectType, at: Omit<Probe, 'row' | 'leaf'>, name: string) => {
    reached.add(type.name);
    for (const field of fieldsOf(type)) {
      const path = [...at.path, argumentsOf(field, `${type.name}.${field.name}`)];
      probes.push({ ...at, row: `${name}.${field.name}`, path, leaf: leafOf(field) });
    }
  };
  /** What is reached from `type` by its fields and has no id of its own; nearest first. */
  const follow = (starts: [GraphQLObjectType, Omit<Probe, 'row' | 'leaf'>][]) => {
    for (let [type, at] of starts) {
      for (const field of fieldsOf(type)) {
        const next = getNamedType(field.type);
        if (!isObjectType(next) || reached.has(next.name) || isNode(next) || needsArguments(field)) continue;
        // Every page tells it; it is asked of a page that everybody may see.
        if (next.name === 'PageInfo' && at.root === 'node') continue;
        const way = { ...at, path: [...at.path, argumentsOf(field, `${type.name}.${field.name}`)] };
        visit(next, way, next.name);
        starts.push([next, way]);
      }
    }
  };
  const starts: [GraphQLObjectType, Omit<Probe, 'row' | 'leaf'>][] = [];
  for (const [name, typename, id] of things(world)) {
    const type = objectType(schema, typename);
    const args = `(id: ${JSON.stringify(world.id(typename, id))})`;
    const at = { kind: 'query' as const, root: 'node', args, on: typename, path: [], isShared: true };
    visit(type, at, name);
    starts.push([type, at]);
  }
  follow(starts);
  for (const kind of ['query', 'subscription'] as const) {
    const root = kind === 'query' ? schema.getQueryType() : schema.getSubscriptionType();
    for (const field of root ? fieldsOf(root) : []) {
      for (const [as, args] of variantsOf(`${root?.name}.${field.name}`, field, world)) {
        const at = { kind, root: field.name, args: wordArgs(args), on: null, path: [], isShared: false };
        const row = `${root?.name}.${field.name}${as === '' ? '' : ` (${as})`}`;
        probes.push({ ...at, row, leaf: leafOf(field) });
        const type = getNamedType(field.type);
        if (!isObjectType(type) || isNode(type) || reached.has(type.name)) continue;
        visit(type, at, type.name);
        follow([[type, at]]);
      }
    }
  }
  for (const field of fieldsOf(objectType(schema, 'Mutation'))) {
    const at = {
      kind: 'mutation' as const,
      root: field.name,
      args: '',
      on: payloadOf(field),
      path: [],
      isShared: false,
    };
    probes.push({ ...at, row: `Mutation.${field.name}`, leaf: at.on === null ? '' : '{ __typename }' });
    if (at.on === null) continue;
    const payload = objectType(schema, at.on);
    visit(payload, at, payload.name);
    follow([[payload, at]]);
  }
  const missed = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !type.name.startsWith('__') && !reached.has(type.name) && !isPassedOver(type),
  );
  if (missed.length > 0) {
    const names = missed.map(({ name }) => name).join(', ');
    throw new TypeError(`Nobody knows how to get at ${names}. Say in test/authorization/reach.ts how.`);
  }
  return probes;
}

/** Roots are rows themselves; errors are words about the caller's own request (table.test.ts looks at their fields). */
const isPassedOver = (type: GraphQLObjectType) =>
  ['Query', 'Mutation', 'Subscription', 'FieldFault'].includes(type.name) || isError(type);

function variantsOf(name: string, field: Field, world: World): [string, Record<string, unknown>][] {
  const named = ARGUMENTS[name]?.(world);
  if (!named && needsArguments(field)) {
    throw new TypeError(`${name} needs arguments. Say in test/authorization/reach.ts, under ARGUMENTS, which.`);
  }
  const first = field.args.some((arg) => arg.name === 'first') ? { first: 1 } : {};
  return Object.entries(named ?? { '': {} }).map(([as, args]) => [as, { ...first, ...args }]);
}

const argumentsOf = (field: Field, name: string): string => {
  if (field.args.some((arg) => arg.name === 'first')) return `${field.name}(first: 1)`;
  const given = FIELD_ARGUMENTS[name];
  if (!given && needsArguments(field)) {
    throw new TypeError(`${name} needs arguments. Say in test/authorization/reach.ts, under FIELD_ARGUMENTS, which.`);
  }
  return `${field.name}${wordArgs(given ?? {})}`;
};

/** What fields of types are asked with; those of roots are under ARGUMENTS. */
const FIELD_ARGUMENTS: Readonly<Record<string, Record<string, unknown>>> = {
  'CatalogueFacets.priceCounts': { currency: 'EUR', upTo: [500] },
  'CatalogueFacets.publishedCounts': { after: ['2020-01-01T00:00:00Z'] },
};

const wordArgs = (args: Record<string, unknown>): string => {
  const words = Object.entries(args).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return words.length > 0 ? `(${words.join(', ')})` : '';
};

/** Of a thing its id, since a bare __typename asks no rule; of a page its nodes. */
export function leafOf({ type }: Field): string {
  const named = getNamedType(type);
  if (isUnionType(named)) return '{ __typename }';
  if (!('getFields' in named)) return '';
  const fields = named.getFields();
  const { nodes } = fields;
  if (nodes && 'args' in nodes) return `{ nodes ${leafOf(nodes)} }`;
  return 'id' in fields ? '{ id }' : '{ __typename }';
}

/** The payload among a mutation's results; null when it gives a scalar. */
function payloadOf({ type }: Field): string | null {
  const named = getNamedType(type);
  if (!isUnionType(named)) return isObjectType(named) ? named.name : null;
  return named.getTypes().find((member) => !isError(member))?.name ?? null;
}

function objectType(schema: GraphQLSchema, name: string): GraphQLObjectType {
  const type = schema.getType(name);
  if (!isObjectType(type))
    throw new TypeError(`There is no type ${name} any more; test/authorization/reach.ts names it.`);
  return type;
}
