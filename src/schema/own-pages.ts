/** Pages of what is one's own: the newest first, each page one SQL statement with all that the document asks. */
import { getSchemaConfig, queryFromInfo } from '@pothos/plugin-drizzle';
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { GraphQLResolveInfo } from 'graphql';
import { z } from 'zod';
import { instantMs } from './pages.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';

/** What a cursor of such a page carries: milliseconds since 1970, and the id. */
export const createdCursor = z.tuple([instantMs, z.uuid()]);

/** True for what comes behind the cursor. */
export function behindInstant(row: { createdAt: SQLWrapper; id: SQLWrapper }, from: [number, string] | null): SQL {
  if (!from) return sql`true`;
  return sql`(${row.createdAt}, ${row.id}) < (${new Date(from[0]).toISOString()}::timestamptz, ${from[1]}::uuid)`;
}

/** What the document asks of the nodes of this connection, and the columns that the page itself needs. */
export function selectNodes<const Columns extends Record<string, true>>(
  context: Context,
  info: GraphQLResolveInfo,
  columns: Columns,
) {
  return queryFromInfo({
    config: getSchemaConfig(builder),
    context,
    info,
    paths: [['edges', 'node'], ['nodes']],
    columns,
  });
}
