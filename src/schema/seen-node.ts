/**
 * `node(id)` of what is another's is answered as if it did not exist, so that nobody learns which ids there are.
 *
 * The type's own rule is asked, as it will be again for each of its fields.
 */
import { RequestCache } from '@pothos/plugin-scope-auth';
import type { GraphQLResolveInfo } from 'graphql';
import type { builder as schemaBuilder } from './builder.ts';
import type { Context } from './context.ts';

type Builder = typeof schemaBuilder;

/** @returns the row; null when there is none or it is not the viewer's */
export async function resolveSeenNode(
  builder: Builder,
  context: Context,
  info: GraphQLResolveInfo,
  { typename, row }: { typename: string; row: unknown },
): Promise<unknown> {
  const found = await foundOrNull(row);
  if (found === null || found === undefined) return null;
  if (await passes(builder, context, info, typename, found)) return found;
  const { viewer } = context;
  if (!viewer || viewer.scopes === null) return null;
  // A key that lacks a scope is told which, by the fields, if its owner may see this.
  const asOwner: Context = Object.assign(Object.create(context), { viewer: { ...viewer, scopes: null } });
  return (await passes(builder, asOwner, info, typename, found)) ? found : null;
}

/** The loader of pages and nodes throws where there is no row, and has no class or code for it. */
async function foundOrNull(row: unknown): Promise<unknown> {
  try {
    return await row;
  } catch (error) {
    if (error instanceof Error && /^Model \w+\(.*\) not found$/.test(error.message)) return null;
    throw error;
  }
}

async function passes(builder: Builder, context: Context, info: GraphQLResolveInfo, typename: string, row: unknown) {
  const { pothosOptions } = builder.configStore.getTypeConfig(typename, 'Object');
  const { authScopes: rule } = pothosOptions;
  const cache = RequestCache.fromContext(context, builder);
  const failure =
    typeof rule === 'function'
      ? cache.evaluateTypeScopeFunction(rule, typename, row, info)
      : cache.evaluateScopeMap(rule ?? false, info);
  return (await failure) === null;
}
