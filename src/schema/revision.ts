/** Revisions: one state of an edition's words and file. */
import { sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { z } from 'zod';
import {
  type Accessibility,
  accessibilitySchema,
  type Cover,
  coversSchema,
  type SampleSection,
  sampleSchema,
  type TocEntry,
  tableOfContentsSchema,
} from '../books/extracted.ts';
import { type Finding, findingSchema } from '../books/finding.ts';
import { textSampleOf } from '../books/sample.ts';
import type { Series } from '../books/series.ts';
import { builder } from './builder.ts';
import { Contributor } from './contributor.ts';
import { Enrichment } from './enrichment.ts';
import { coverLink, previewCoverLink } from './links.ts';
import { EditionStatus } from './statuses.ts';
import { File } from './upload.ts';
import { isOwner, readableBy, readableIf } from './visibility.ts';

const SeriesRef = builder.objectRef<Series>('Series').implement({
  carried: true,
  description: 'A series, and the place of a book in it.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The name of the series.' }),
    position: t.exposeFloat('position', { nullable: true, description: '1 is the first; 1.5 stands between 1 and 2.' }),
  }),
});

const FindingSeverity = builder.enumType('FindingSeverity', {
  description: 'How bad a finding is.',
  values: {
    ERROR: { description: 'Wrong. When the status is NEEDS_CHANGES, one of these is why.' },
    WARNING: { description: 'Some reading programs may stumble on it.' },
    INFO: { description: 'Worth knowing.' },
  } as const,
});

const FindingRef = builder.objectRef<Finding>('Finding').implement({
  carried: true,
  description: 'One thing that a check found in a book.',
  fields: (t) => ({
    code: t.exposeString('code', { description: 'Stable, for programs: `RSC-005`, `OPF_MISSING`.' }),
    severity: t.expose('severity', { type: FindingSeverity, description: 'How bad it is.' }),
    file: t.exposeString('file', { nullable: true, description: 'Path inside the book; null for the whole of it.' }),
    line: t.exposeInt('line', { nullable: true, description: 'Counts from 1.' }),
    column: t.exposeInt('column', { nullable: true, description: 'Counts from 1.' }),
    message: t.exposeString('message', { description: 'What is wrong and what to do, in plain words.' }),
  }),
});

const TocEntryRef = builder.objectRef<TocEntry>('TocEntry');
TocEntryRef.implement({
  carried: true,
  description: 'An entry of a table of contents.',
  fields: (t) => ({
    label: t.exposeString('label', { description: 'As the book words it.' }),
    children: t.field({
      type: [TocEntryRef],
      description: 'What stands below it.',
      resolve: (entry) => entry.children,
    }),
  }),
});

const AccessibilityRef = builder.objectRef<Accessibility>('Accessibility').implement({
  carried: true,
  description: 'What the book says of its accessibility, in the words of schema.org.',
  fields: (t) => ({
    accessModes: t.exposeStringList('accessModes', { description: '`textual`, `visual`, `auditory` …' }),
    features: t.exposeStringList('features', { description: '`alternativeText`, `tableOfContents` …' }),
    hazards: t.exposeStringList('hazards', { description: '`flashing`, `none` …' }),
    summary: t.exposeString('summary', { nullable: true, description: 'In words.' }),
    conformsTo: t.exposeStringList('conformsTo', { description: 'The standards it claims to meet.' }),
  }),
});

const SampleSectionRef = builder.objectRef<SampleSection>('SampleSection').implement({
  carried: true,
  description: 'A part of the free sample, as plain text.',
  fields: (t) => ({
    title: t.exposeString('title', { nullable: true, description: 'The heading, where there is one.' }),
    paragraphs: t.exposeStringList('paragraphs', { description: 'Plain text, no markup.' }),
  }),
});

/** A cover, and whether everybody may see it. */
type ShownCover = Cover & { isPublic: boolean };

export const CoverRef = builder.objectRef<ShownCover>('Cover').implement({
  carried: true,
  description: 'The cover in one size.',
  fields: (t) => ({
    url: t.field({
      type: 'URL',
      description:
        'While the edition is on sale open to everybody and always the same; before that a link for one hour.',
      resolve: ({ storageKey, isPublic }, _args, context) =>
        isPublic ? coverLink(context, storageKey) : previewCoverLink(context, storageKey),
    }),
    width: t.exposeInt('width', { description: 'In pixels.' }),
    height: t.exposeInt('height', { description: 'In pixels.' }),
    mediaType: t.exposeString('mediaType', { description: '`image/jpeg`.' }),
  }),
});

type Row = { extracted: AnyPgColumn };
/** Parts of what was extracted, read one by one: the whole holds a tenth of the book. */
export const readCovers = { covers: (row: Row) => sql<unknown>`${row.extracted} -> 'covers'`.as('covers') };
export const readChapters = { chapters: (row: Row) => sql<unknown>`${row.extracted} -> 'chapters'`.as('chapters') };
const readToc = { toc: (row: Row) => sql<unknown>`${row.extracted} -> 'tableOfContents'`.as('toc') };
const readSample = { sample: (row: Row) => sql<unknown>`${row.extracted} -> 'sample'`.as('sample') };
const readAccess = { access: (row: Row) => sql<unknown>`${row.extracted} -> 'accessibility'`.as('access') };
const readWords = { words: (row: Row) => sql<number | null>`(${row.extracted} ->> 'wordCount')::int`.as('words') };

export const parseCovers = (value: unknown, isPublic: boolean): ShownCover[] =>
  coversOrNone.parse(value ?? []).map((cover) => ({ ...cover, isPublic }));
const coversOrNone = coversSchema.catch([]);
export const inOrder = { columns: { name: true, role: true }, orderBy: { position: 'asc' } } as const;

export const Revision = builder.drizzleNode('revisions', {
  name: 'Revision',
  description:
    'One state of an edition’s words and file. Readers see the live one; its author and admins also see the one in work.',
  id: { column: (revision) => revision.id, description: 'Opaque global id.' },
  select: {
    columns: { id: true },
    with: { edition: { columns: { id: true, ownerId: true, saleStatus: true, liveRevisionId: true } } },
  },
  authScopes: ({ id, edition }, context) =>
    id === edition.liveRevisionId ? readableBy(context, edition) : readableIf(isOwner(context, edition.ownerId)),
  fields: (t) => ({
    number: t.exposeInt('number', { description: '1, 2, 3 … per edition.' }),
    status: t.expose('status', { type: EditionStatus, description: 'Where it stands.' }),
    title: t.exposeString('title', { description: 'The title.' }),
    subtitle: t.exposeString('subtitle', { nullable: true, description: 'The subtitle.' }),
    description: t.exposeString('description', { nullable: true, description: 'What the author says of the book.' }),
    language: t.exposeString('language', { nullable: true, description: 'BCP 47 tag; null while unknown.' }),
    subjects: t.exposeStringList('subjects', { description: 'What it is about.' }),
    publicationYear: t.exposeInt('publicationYear', {
      nullable: true,
      description: 'Year of first publication; negative is BCE.',
    }),
    series: t.field({
      type: SeriesRef,
      nullable: true,
      description: 'The series it belongs to.',
      select: { columns: { seriesName: true, seriesPosition: true } },
      resolve: ({ seriesName, seriesPosition }) =>
        seriesName === null ? null : { name: seriesName, position: seriesPosition },
    }),
    contributors: t.field({
      type: [Contributor],
      description: 'Who made it, in the order of the title page.',
      select: { with: { contributors: inOrder } },
      resolve: (revision) => revision.contributors,
    }),
    covers: t.field({
      type: [CoverRef],
      description: 'The cover, smallest first; empty when the book has none.',
      select: { extras: readCovers },
      resolve: ({ id, covers, edition }) =>
        parseCovers(covers, id === edition.liveRevisionId && edition.saleStatus === 'PUBLISHED'),
    }),
    tableOfContents: t.field({
      type: [TocEntryRef],
      description: 'The table of contents.',
      select: { extras: readToc },
      resolve: ({ toc }) => tableOfContentsSchema.parse(toc ?? []),
    }),
    wordCount: t.int({
      nullable: true,
      description: 'How many words; null before the file was read.',
      select: { extras: readWords },
      resolve: ({ words }) => words,
    }),
    accessibility: t.field({
      type: AccessibilityRef,
      nullable: true,
      description: 'Null before the file was read.',
      select: { extras: readAccess },
      resolve: ({ access }) => accessibilitySchema.nullable().parse(access ?? null),
    }),
    sample: t.field({
      type: [SampleSectionRef],
      description: 'The first tenth of the book (SAMPLE_PERCENT, if that is less), free to read, as plain text.',
      select: { extras: readSample },
      resolve: ({ sample }, _args, { limits }) => textSampleOf(sampleSchema.parse(sample ?? []), limits.samplePercent),
    }),
    report: t.field({
      type: [FindingRef],
      nullable: true,
      description:
        'All that the last check found. For its author and admins; null for others and before the first check.',
      select: { columns: { report: true } },
      authScopes: ({ edition }) => ({ owner: [edition.ownerId, 'catalog:read'] }),
      unauthorizedResolver: () => null,
      resolve: ({ report }) =>
        z
          .array(findingSchema)
          .nullable()
          .parse(report ?? null),
    }),
    file: t.relation('file', {
      type: File,
      nullable: true,
      description: 'The EPUB. For its author and admins; null for others, and when there is none yet.',
      authScopes: ({ edition }) => ({ owner: [edition.ownerId, 'catalog:read'] }),
      unauthorizedResolver: () => null,
    }),
    enrichment: t.field({
      type: Enrichment,
      nullable: true,
      description: 'Suggestions by a machine. For its author and admins; others see them once the author accepted.',
      select: (_args, _context, nested) => ({ with: { enrichment: nested(true) } }),
      resolve: ({ enrichment, edition }, _args, context) =>
        enrichment?.decision === 'ACCEPTED' || isOwner(context, edition.ownerId) ? enrichment : null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it last changed.' }),
  }),
});
