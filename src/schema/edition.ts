/** Editions and works: what is sold, and what it is an edition of. */
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { chaptersSchema } from '../books/extracted.ts';
import { sampleOf } from '../books/sample.ts';
import { builder } from './builder.ts';
import { Contributor } from './contributor.ts';
import { idOf } from './ids.ts';
import { sampleLink } from './links.ts';
import { Money } from './money.ts';
import { Offer, offersOf } from './offer.ts';
import { Reading } from './reading.ts';
import { CoverRef, inOrder, parseCovers, readChapters, readCovers, Revision } from './revision.ts';
import { EditionStatus } from './statuses.ts';
import { User } from './viewer.ts';
import { isOwner, maySeeEdition, readableBy, readableIf } from './visibility.ts';

const titleOnly = { columns: { title: true } } as const;
const makersOnly = { columns: {}, with: { contributors: inOrder } } as const;
const coversOnly = { columns: {}, extras: readCovers } as const;
const statusOnly = { columns: { status: true } } as const;
const pricesInOrder = {
  columns: { currency: true, amountMinor: true, minimumMinor: true },
  orderBy: { currency: 'asc' },
} as const;
/** The price windows that hold now. To the second, so that what one document asks twice is read once. */
const openNow = (now: Date) => {
  const at = new Date(Math.floor(now.getTime() / 1_000) * 1_000);
  return {
    columns: { currency: true, amountMinor: true, name: true, validUntil: true },
    where: { validFrom: { lte: at }, validUntil: { gt: at } },
  } as const;
};

const releasedCount = {
  released: (work: { id: AnyPgColumn }) =>
    sql<boolean>`exists (select 1 from edition e where e.work_id = ${work.id} and e.sale_status <> 'UNRELEASED')`.as(
      'released',
    ),
};

export const Work = builder.drizzleNode('works', {
  name: 'Work',
  description: 'A work, of which there may be several editions: a translation, an illustrated one.',
  id: { column: (work) => work.id, description: 'Opaque global id.' },
  select: { columns: { id: true, ownerId: true }, extras: releasedCount },
  authScopes: (work, context) => readableIf(work.released || isOwner(context, work.ownerId)),
  fields: (t) => ({
    title: t.exposeString('title', { description: 'As its first edition is called.' }),
    editions: t.relation('editions', {
      description: 'Its editions: those on sale, and all of them for its author.',
      query: (_args, { viewer }) => ({
        where:
          viewer?.role === 'ADMIN'
            ? {}
            : { OR: [{ saleStatus: 'PUBLISHED' as const }, ...(viewer ? [{ ownerId: viewer.id }] : [])] },
        orderBy: { createdAt: 'asc' as const },
        limit: 100,
      }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
  }),
});

export const Edition = builder.drizzleNode('editions', {
  name: 'Edition',
  description:
    'What is sold. Open to all while it is on sale, and always to its author, admins and whoever ordered it.',
  id: { column: (edition) => edition.id, description: 'Opaque global id.' },
  select: { columns: { id: true, ownerId: true, saleStatus: true, liveRevisionId: true } },
  authScopes: (edition, context) => readableBy(context, edition),
  fields: (t) => ({
    work: t.relation('work', { type: Work, description: 'What it is an edition of.' }),
    owner: t.relation('owner', { type: User, description: 'The author or publisher who sells it.' }),
    status: t.field({
      type: EditionStatus,
      description: 'For its author: where the revision in work stands, else where it stands with readers.',
      select: { with: { workingRevision: statusOnly } },
      resolve: ({ ownerId, saleStatus, workingRevision }, _args, context) => {
        const atRest = saleStatus === 'UNRELEASED' ? 'DRAFT' : saleStatus;
        if (!workingRevision || !isOwner(context, ownerId)) return atRest;
        return workingRevision.status === 'PUBLISHED' ? atRest : workingRevision.status;
      },
    }),
    onSale: t.boolean({
      description: 'It is in the catalogue.',
      resolve: (edition) => edition.saleStatus === 'PUBLISHED',
    }),
    isBuyable: t.boolean({
      description: 'It can be ordered now: it is on sale, has a price and a file.',
      select: { with: { liveRevision: { columns: { fileId: true } }, prices: pricesInOrder } },
      resolve: ({ saleStatus, liveRevision, prices }) =>
        saleStatus === 'PUBLISHED' && prices.length > 0 && (liveRevision?.fileId ?? null) !== null,
    }),
    title: t.string({
      description: 'Of the live revision; of the one in work while nothing is live.',
      select: { with: { liveRevision: titleOnly, workingRevision: titleOnly } },
      resolve: ({ liveRevision, workingRevision }) => (liveRevision ?? workingRevision)?.title ?? '',
    }),
    contributors: t.field({
      type: [Contributor],
      description: 'Of the live revision; of the one in work while nothing is live.',
      select: { with: { liveRevision: makersOnly, workingRevision: makersOnly } },
      resolve: ({ liveRevision, workingRevision }) => (liveRevision ?? workingRevision)?.contributors ?? [],
    }),
    covers: t.field({
      type: [CoverRef],
      description: 'Of the live revision, smallest first; of the one in work while nothing is live.',
      select: { columns: { saleStatus: true }, with: { liveRevision: coversOnly, workingRevision: coversOnly } },
      resolve: ({ liveRevision, workingRevision, saleStatus }) =>
        parseCovers((liveRevision ?? workingRevision)?.covers, liveRevision !== null && saleStatus === 'PUBLISHED'),
    }),
    sample: t.field({
      type: Reading,
      nullable: true,
      complexity: { field: 20 },
      description:
        'The beginning of the book to read in the browser: a tenth (SAMPLE_PERCENT), or its first chapter. Null unless it is on sale and has a file.',
      select: { with: { liveRevision: { columns: { id: true, fileId: true }, extras: readChapters } } },
      resolve: ({ saleStatus, liveRevision }, _args, context) => {
        if (saleStatus !== 'PUBLISHED' || liveRevision?.fileId == null) return null;
        const chapters = sampleOf(
          chaptersSchema.parse(liveRevision.chapters ?? undefined),
          context.limits.samplePercent,
        );
        const shown = chapters.map(({ title, wordsMax }) => ({ title, isCut: wordsMax !== null }));
        return shown.length === 0 ? null : { ...sampleLink(context, liveRevision.id), chapters: shown };
      },
    }),
    isbn13: t.exposeString('isbn13', { nullable: true, description: '13 digits.' }),
    prices: t.field({
      type: [Money],
      description: 'One per currency: what it costs now.',
      select: (_args, { clock }) => ({ with: { prices: pricesInOrder, priceWindows: openNow(clock.now()) } }),
      resolve: ({ prices, priceWindows }) => offersOf(prices, priceWindows),
    }),
    price: t.field({
      type: Money,
      nullable: true,
      description: 'What it costs now in a currency; null when it is not sold for that.',
      args: { currency: t.arg.string({ description: 'ISO 4217. (Default: the first that it is sold for)' }) },
      select: (_args, { clock }) => ({ with: { prices: pricesInOrder, priceWindows: openNow(clock.now()) } }),
      resolve: ({ prices, priceWindows }, { currency }) => {
        const offers = offersOf(prices, priceWindows);
        return (currency ? offers.find((one) => one.currency === currency) : offers[0]) ?? null;
      },
    }),
    offers: t.field({
      type: [Offer],
      description: 'What it can be bought for now, one per currency: campaigns and pay-what-you-want told apart.',
      select: (_args, { clock }) => ({ with: { prices: pricesInOrder, priceWindows: openNow(clock.now()) } }),
      resolve: ({ prices, priceWindows }) => offersOf(prices, priceWindows),
    }),
    ratingAverage: t.exposeFloat('ratingAverage', {
      nullable: true,
      description: 'From 1 to 5; null without ratings.',
    }),
    ratingCount: t.exposeInt('ratingCount', { description: 'How many ratings.' }),
    liveRevision: t.relation('liveRevision', {
      type: Revision,
      nullable: true,
      description: 'What readers see and get; null before it was first published.',
    }),
    workingRevision: t.relation('workingRevision', {
      type: Revision,
      nullable: true,
      description: 'What the author edits: the preview. For its author and admins; null for others.',
      authScopes: (edition) => ({ owner: [edition.ownerId, 'catalog:read'] }),
      unauthorizedResolver: () => null,
    }),
    publishedAt: t.expose('publishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was first published.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});

builder.queryField('edition', (t) =>
  t.drizzleField({
    type: Edition,
    nullable: true,
    description: 'One edition; null when there is none that you may see.',
    authScopes: { anyone: 'catalog:read' },
    args: { id: t.arg.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')) },
    resolve: async (query, _root, { id }, context) => {
      const sight = { columns: { id: true, ownerId: true, saleStatus: true } } as const;
      const edition = await context.db.query.editions.findFirst(query({ ...sight, where: { id } }));
      return edition && (await maySeeEdition(context, edition)) ? edition : null;
    },
  }),
);
