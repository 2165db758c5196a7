/**
 * Books: a work has editions, an edition is what is sold, a revision is one state of its metadata and file.
 *
 * An edition's live revision is what readers see and buy; its working revision is what the author edits and what the
 * publish workflow carries. They are swapped in one commit, so that the old one stays on sale until that moment.
 */
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { users } from './accounts.ts';
import { createdAt, id, instant, updatedAt } from './columns.ts';
import { files } from './files.ts';

/** Where an edition stands with readers. */
export const saleStatus = pgEnum('sale_status', ['UNRELEASED', 'PUBLISHED', 'UNPUBLISHED', 'TAKEN_DOWN']);

/** Where a revision stands on its way to the readers. */
export const revisionStatus = pgEnum('revision_status', [
  'DRAFT',
  'SUBMITTED',
  'CHECKING_METADATA',
  'SCANNING_FILE',
  'VALIDATING',
  'EXTRACTING',
  'DEDUPING',
  'PUBLISHED',
  'SUPERSEDED',
  'NEEDS_CHANGES',
  'REJECTED',
  'FAILED',
  'WITHDRAWN',
]);

export const works = pgTable(
  'work',
  {
    id: id(),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id),
    title: text('title').notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('work_owner').on(table.ownerId)],
);

export const editions = pgTable(
  'edition',
  {
    id: id(),
    workId: uuid('work_id')
      .notNull()
      .references(() => works.id),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id),
    saleStatus: saleStatus('sale_status').notNull().default('UNRELEASED'),
    liveRevisionId: uuid('live_revision_id').references((): AnyPgColumn => revisions.id),
    workingRevisionId: uuid('working_revision_id').references((): AnyPgColumn => revisions.id),
    /** 13 digits, checked; one edition on sale per ISBN. */
    isbn13: text('isbn13'),
    /** Where an imported edition came from, such as `goodbooks:42`: importing it again changes nothing. */
    importKey: text('import_key').unique(),
    ratingAverage: doublePrecision('rating_average'),
    ratingCount: integer('rating_count').notNull().default(0),
    publishedAt: instant('published_at'),
    /** The live revision's title in small letters, for the order by title. Kept by the database itself (triggers). */
    sortTitle: text('sort_title'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    index('edition_catalogue_title')
      .on(sql`${table.sortTitle} collate "C"`, table.id)
      .where(sql`sale_status = 'PUBLISHED'`),
    index('edition_live_revision').on(table.liveRevisionId),
    index('edition_catalogue')
      .on(table.publishedAt, table.id)
      .where(sql`sale_status = 'PUBLISHED'`),
    index('edition_owner').on(table.ownerId, table.createdAt),
    index('edition_work').on(table.workId),
    uniqueIndex('edition_isbn13')
      .on(table.isbn13)
      .where(sql`sale_status = 'PUBLISHED'`),
  ],
);

export const revisions = pgTable(
  'revision',
  {
    id: id(),
    editionId: uuid('edition_id')
      .notNull()
      .references((): AnyPgColumn => editions.id),
    /** 1, 2, 3 … per edition. */
    number: integer('number').notNull(),
    status: revisionStatus('status').notNull().default('DRAFT'),
    title: text('title').notNull(),
    subtitle: text('subtitle'),
    description: text('description'),
    /** BCP 47 tag, canonical form; null while unknown. */
    language: text('language'),
    subjects: text('subjects')
      .array()
      .notNull()
      .default(sql`'{}'::text[]`),
    seriesName: text('series_name'),
    seriesPosition: doublePrecision('series_position'),
    /** Year of first publication; negative is BCE. */
    publicationYear: integer('publication_year'),
    fileId: uuid('file_id').references(() => files.id),
    /** Every fault and finding of the last check: Finding[] of src/db/books.ts. */
    report: jsonb('report'),
    /** What was read out of the file: Extracted of src/db/books.ts. */
    extracted: jsonb('extracted'),
    /** Hash of the normalised text, to meet the same book in another archive. */
    contentHash: text('content_hash'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('revision_number').on(table.editionId, table.number),
    index('revision_content_hash')
      .on(table.contentHash)
      .where(sql`content_hash is not null`),
    index('revision_title_search').using('gin', sql`lower(${table.title}) gin_trgm_ops`),
    index('revision_language').on(table.language),
    index('revision_subjects').using('gin', table.subjects),
  ],
);

export const contributors = pgTable(
  'contributor',
  {
    revisionId: uuid('revision_id')
      .notNull()
      .references(() => revisions.id, { onDelete: 'cascade' }),
    /** Order on the title page, from 0. */
    position: integer('position').notNull(),
    name: text('name').notNull(),
    /** MARC relator code: aut, ill, trl, edt, nrt … */
    role: text('role').notNull().default('aut'),
  },
  (table) => [
    primaryKey({ columns: [table.revisionId, table.position] }),
    index('contributor_name_search').using('gin', sql`lower(${table.name}) gin_trgm_ops`),
  ],
);

export const prices = pgTable(
  'price',
  {
    editionId: uuid('edition_id')
      .notNull()
      .references(() => editions.id, { onDelete: 'cascade' }),
    /** ISO 4217. */
    currency: text('currency').notNull(),
    /** Integer minor units of the currency. */
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** Pay what you want: the least that may be paid, and the amount is what is suggested. Null for a fixed price. */
    minimumMinor: bigint('minimum_minor', { mode: 'number' }),
  },
  (table) => [
    primaryKey({ columns: [table.editionId, table.currency] }),
    check('price_not_negative', sql`${table.amountMinor} >= 0`),
    check('price_minimum', sql`${table.minimumMinor} between 0 and ${table.amountMinor}`),
  ],
);

export const enrichmentStatus = pgEnum('enrichment_status', ['QUEUED', 'RUNNING', 'READY', 'FAILED']);
export const suggestionDecision = pgEnum('suggestion_decision', ['OPEN', 'ACCEPTED', 'DISMISSED']);

/** What an enricher suggests for a revision. It never overwrites the author's words. */
export const enrichments = pgTable('enrichment', {
  revisionId: uuid('revision_id')
    .primaryKey()
    .references(() => revisions.id, { onDelete: 'cascade' }),
  editionId: uuid('edition_id')
    .notNull()
    .references(() => editions.id, { onDelete: 'cascade' }),
  status: enrichmentStatus('status').notNull().default('QUEUED'),
  decision: suggestionDecision('decision').notNull().default('OPEN'),
  summary: text('summary'),
  tags: text('tags')
    .array()
    .notNull()
    .default(sql`'{}'::text[]`),
  /** CHILDREN, YOUNG_ADULT, GENERAL or ADVANCED: how hard the language is. */
  readingLevel: text('reading_level'),
  /** School years, 1 to 18. */
  readingGrade: integer('reading_grade'),
  /** Provider, model, prompt version, tokens, cost. */
  provenance: jsonb('provenance'),
  error: text('error'),
  createdAt: createdAt(),
  updatedAt: updatedAt(),
});

/** Tokens and cost spent on AI per day (UTC), so that the budget holds across processes. */
export const aiBudgets = pgTable('ai_budget', {
  /** `YYYY-MM-DD`. */
  day: text('day').primaryKey(),
  tokens: bigint('tokens', { mode: 'number' }).notNull().default(0),
  costMicros: bigint('cost_micros', { mode: 'number' }).notNull().default(0),
});
