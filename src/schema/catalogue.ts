/** Lists of editions: the catalogue that everybody sees, and an author's drafts. One SQL statement a page. */
import { getSchemaConfig, queryFromInfo } from '@pothos/plugin-drizzle';
import { and, type SQL, sql } from 'drizzle-orm';
import type { GraphQLResolveInfo } from 'graphql';
import { z } from 'zod';
import { languageSchema } from '../books/language.ts';
import { plainTextSchema, searchSchema } from '../books/text.ts';
import {
  behindCursor,
  type CatalogueFilter,
  type CatalogueOrder,
  catalogueOrder,
  inCatalogue,
  titleKey,
} from '../db/catalogue.ts';
import type { editions } from '../db/tables/index.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { Edition } from './edition.ts';
import { currencySchema } from './money.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';

const TEXT_CHARS_MAX = 200;
const searchText = searchSchema(TEXT_CHARS_MAX);
export const CatalogueFilterInput = builder.inputType('CatalogueFilter', {
  description: 'What a page of the catalogue holds; all of it must be true.',
  validate: z
    .looseObject({ priceMax: z.unknown().optional(), currency: z.unknown().optional() })
    .refine(({ priceMax, currency }) => typeof priceMax !== 'number' || typeof currency === 'string', {
      path: ['currency'],
      error: 'A priceMax needs its currency.',
    }),
  fields: (t) => ({
    text: t.string({ description: 'Anywhere in the title or in a contributor’s name.' }).validate(searchText.nullish()),
    language: t.string({ description: 'BCP 47; `en` finds `en-US` too.' }).validate(languageSchema.nullish()),
    subject: t.string({ description: 'One of its subjects, exactly.' }).validate(searchText.nullish()),
    contributor: t.string({ description: 'Anywhere in a contributor’s name.' }).validate(searchText.nullish()),
    priceMax: t.field({
      type: 'SafeInt',
      description: 'At most so many minor units of `currency`.',
      validate: z.number().min(0, 'A price is 0 or more.').nullish(),
    }),
    currency: t.string({
      description: 'Only what is sold for this currency (ISO 4217).',
      validate: currencySchema.nullish(),
    }),
    publishedAfter: t.field({ type: 'DateTime', description: 'Only what was published after this instant.' }),
  }),
});

const CatalogueOrderEnum = builder.enumType('CatalogueOrder', {
  description: 'In which order.',
  values: {
    PUBLISHED_DESC: { description: 'The newest first.' },
    TITLE_ASC: { description: 'By title, letters before accents, capitals and small letters alike.' },
  } as const,
});

const EditionConnection = builder.connectionObject(
  { type: Edition, name: 'EditionConnection' },
  { name: 'EditionEdge', description: 'An edition and where it stands in the list.' },
);

builder.queryField('catalogue', (t) =>
  t.field({
    type: EditionConnection,
    description: 'What is on sale.',
    authScopes: { anyone: 'catalog:read' },
    args: {
      filter: t.arg({ type: CatalogueFilterInput, description: 'What to find. (Default: everything)' }),
      orderBy: t.arg({
        type: CatalogueOrderEnum,
        required: true,
        defaultValue: 'PUBLISHED_DESC',
        description: 'In which order.',
      }),
      ...pageArgs(t),
    },
    resolve: (_root, { filter, orderBy, first, after }, context, info) =>
      readCatalogue(context, info, { filter: filter ?? {}, orderBy, first, after }),
  }),
);

builder.queryField('myDrafts', (t) =>
  t.field({
    type: EditionConnection,
    description: 'Your editions, whatever their status, the newest first.',
    authScopes: { signedIn: 'catalog:read' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.editions.findMany({
        ...selectNodes(context, info, { ...sight, createdAt: true }),
        where: {
          ownerId: signedIn(context).id,
          RAW: (edition) => behindInstant(edition, from),
        },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

const titleCursor = z.tuple([plainTextSchema, z.uuid()]);

interface CatalogueRequest {
  filter: CatalogueFilter;
  orderBy: CatalogueOrder;
  first: number;
  after?: string | null | undefined;
}

async function readCatalogue(context: Context, info: GraphQLResolveInfo, request: CatalogueRequest) {
  const { filter, orderBy, first, after } = request;
  const behind = behindOf(orderBy, after);
  // Without a filter a page follows an index: planning it anew would be half of its work. What filters are best found by
  // depends on their values.
  const isWhole = Object.values(filter).every((value) => value === null || value === undefined);
  const db = isWhole ? context.keyedDb : context.db;
  const rows = await db.query.editions.findMany({
    ...selectionOf(context, info, orderBy === 'TITLE_ASC'),
    where: { RAW: (e) => and(inCatalogue(e, filter, context.clock.now()), behind(e)) ?? sql`true` },
    orderBy: (e) => catalogueOrder(e, orderBy),
    limit: first + 1,
  });
  return pageOf(rows, first, after, (row) =>
    orderBy === 'TITLE_ASC' ? [row.titleKey, row.id] : [(row.publishedAt ?? row.createdAt).getTime(), row.id],
  );
}

type Columns = Pick<typeof editions, 'id' | 'saleStatus' | 'publishedAt' | 'liveRevisionId' | 'sortTitle'>;

function behindOf(order: CatalogueOrder, after: string | null | undefined): (edition: Columns) => SQL {
  if (order === 'TITLE_ASC') {
    const from = decodeCursor(after, titleCursor);
    return (e) => (from ? behindCursor(e, { order, title: from[0], id: from[1] }) : sql`true`);
  }
  const from = decodeCursor(after, createdCursor);
  return (e) => (from ? behindCursor(e, { order, publishedAt: new Date(from[0]), id: from[1] }) : sql`true`);
}

/** What every edition is read with, since who may see it depends on that. */
const sight = { id: true, ownerId: true, saleStatus: true, liveRevisionId: true } as const;

const readSortTitle = (e: Columns) => titleKey(e).as('title_key');
const readNoTitle = () => sql<string>`''`.as('title_key');

/** What the document asks of each edition, and what the page itself needs. */
function selectionOf(context: Context, info: GraphQLResolveInfo, byTitle: boolean) {
  return queryFromInfo({
    config: getSchemaConfig(builder),
    context,
    info,
    paths: [['edges', 'node'], ['nodes']],
    columns: { ...sight, publishedAt: true, createdAt: true },
    extras: { titleKey: byTitle ? readSortTitle : readNoTitle },
  });
}
