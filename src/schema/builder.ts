/**
 * The schema builder that every type file uses.
 *
 * What it settles for all of them: errors are caught into result unions before authorization can bypass them; every
 * fault of an input is told at once; ids are opaque; nothing is nullable unless it says so.
 * Not here: what an operation costs; ../server/cost.ts counts it before anything runs. A field costs 1 and a page costs
 * its `first` without a word; a field that is dearer says `complexity: { field: 20 }`.
 * How to add a type: a file beside this one, and one import in index.ts.
 */
import SchemaBuilder from '@pothos/core';
import ComplexityPlugin from '@pothos/plugin-complexity';
import DrizzlePlugin from '@pothos/plugin-drizzle';
import ErrorsPlugin from '@pothos/plugin-errors';
import RelayPlugin from '@pothos/plugin-relay';
import ScopeAuthPlugin from '@pothos/plugin-scope-auth';
import { getTableConfig } from 'drizzle-orm/pg-core';
import { type KeyRule, keyMay } from '../accounts/key-scopes.ts';
import { relations } from '../db/relations.ts';
import collectFaults from './collect-faults.ts';
import type { Context, Viewer } from './context.ts';
import { ValidationError } from './errors.ts';
import { decodeId, encodeId } from './ids.ts';
import { refusalOf } from './refusal.ts';
import rules from './rules.ts';
import { resolveSeenNode } from './seen-node.ts';

interface SchemaTypes {
  Context: Context;
  DrizzleRelations: typeof relations;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: { list: false; items: false };
  DefaultNodeNullability: false;
  /** Each says beside whom it lets in what it asks of an API key. */
  AuthScopes: {
    anyone: KeyRule;
    /** Somebody is signed in. */
    signedIn: KeyRule;
    /** An author, or an admin. */
    author: KeyRule;
    admin: KeyRule;
    /** The viewer has this user id, or is an admin. */
    owner: readonly [userId: string, key: KeyRule];
  };
  AuthContexts: {
    signedIn: Context & { viewer: Viewer };
    author: Context & { viewer: Viewer };
    admin: Context & { viewer: Viewer };
  };
  Scalars: {
    ID: { Input: string; Output: string };
    DateTime: { Input: Date; Output: Date };
    URL: { Input: string; Output: string };
    SafeInt: { Input: number; Output: number };
  };
}

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, rules, collectFaults, RelayPlugin, DrizzlePlugin, ComplexityPlugin],
  defaultFieldNullability: false,
  drizzle: { client: (context) => context.db, getTableConfig, relations },
  errors: {
    defaultTypes: [ValidationError],
    directResult: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${capital(fieldName)}Result`,
      description: 'What was done, or why it was not.',
    },
    // Input is checked before the viewer's rights: a fault tells only of what the caller sent.
    unsafelyHandleInputErrors: true,
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    // Asked when needed, not once: a document that signs in goes on as whom it signed in.
    authScopes: (context) => {
      const byKey = (key: KeyRule) => keyMay(context.viewer?.scopes ?? null, key);
      const isRole = (...roles: Viewer['role'][]) => context.viewer !== null && roles.includes(context.viewer.role);
      return {
        anyone: byKey,
        signedIn: (key) => context.viewer !== null && byKey(key),
        author: (key) => isRole('AUTHOR', 'ADMIN') && byKey(key),
        admin: (key) => isRole('ADMIN') && byKey(key),
        owner: ([userId, key]) => (context.viewer?.id === userId || isRole('ADMIN')) && byKey(key),
      };
    },
    cacheKey: (rule) => (Array.isArray(rule) ? rule.join(' ') : rule),
    unauthorizedError: (_parent, { viewer }, _info, { failure }) => refusalOf(viewer, failure),
  },
  // Declared here, checked once for the whole operation before it runs (../server/cost.ts).
  complexity: { disabled: true, defaultComplexity: 1, defaultListMultiplier: 10 },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    encodeGlobalID: encodeId,
    decodeGlobalID: decodeId,
    nodesOnConnection: { description: 'The nodes of this page, without their cursors.' },
    nodesQueryOptions: false,
    nodeQueryOptions: {
      description: 'Anything that has a global id, if you may see it.',
      args: { id: { description: 'A global id.' } },
      authScopes: { anyone: 'ANY_KEY' },
      resolve: (_root, { id }, context, info, resolveNode): Promise<unknown> =>
        resolveSeenNode(builder, context, info, { typename: id.typename, row: resolveNode(id) }),
    },
    nodeTypeOptions: { description: 'Anything that has a global id.' },
    idFieldOptions: { description: 'Opaque global id.' },
    mutationInputArgOptions: { description: 'All that this mutation needs.' },
    cursorFieldOptions: { description: 'Where this node stands; give it as `after` to go on behind it.' },
    edgesFieldOptions: {
      nullable: { list: false, items: false },
      description: 'The nodes of this page with their cursors.',
    },
    nodeFieldOptions: { nullable: false, description: 'The node.' },
    pageInfoFieldOptions: { description: 'Whether there is more.' },
    pageInfoTypeOptions: { description: 'Where a page begins and ends, and whether there is more.', carried: true },
    hasNextPageFieldOptions: { description: 'There is a page after this one.' },
    hasPreviousPageFieldOptions: { description: 'There is a page before this one.' },
    startCursorFieldOptions: { description: 'The first cursor of this page.' },
    endCursorFieldOptions: { description: 'The last cursor of this page: give it as `after` for the next.' },
    defaultConnectionTypeOptions: { description: 'One page of a list.', carried: true },
    defaultEdgeTypeOptions: { description: 'A node and where it stands in the list.', carried: true },
    defaultPayloadTypeOptions: { description: 'What was done.', carried: true },
    defaultMutationInputTypeOptions: { description: 'All that this mutation needs.' },
  },
});

builder.queryType({ description: 'What can be asked.' });
builder.mutationType({
  description: 'What can be done. Each takes one `input` and answers with its result or a typed error.',
});
builder.subscriptionType({
  description: 'What can be watched: the present state first, then every change, in order and resumable by `after`.',
});

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
