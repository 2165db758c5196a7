/** Drafting: what an author writes of a book, and its prices. */
import { z } from 'zod';
import type { Contributor as ContributorShape } from '../books/contributor-role.ts';
import { CONTRIBUTORS_MAX } from '../books/contributor-role.ts';
import { isbnSchema } from '../books/isbn.ts';
import { languageSchema } from '../books/language.ts';
import { publicationYearSchema } from '../books/publication-year.ts';
import { seriesNameSchema, seriesPositionSchema } from '../books/series.ts';
import { subjectsSchema } from '../books/subject.ts';
import { descriptionSchema, subtitleSchema, titleSchema } from '../books/text.ts';
import { createDraft, type DraftChange, type Price, setPrices, updateDraft } from '../db/books.ts';
import { editionDrafted } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { ContributorInput } from './contributor.ts';
import { editionErrors, retell } from './domain-errors.ts';
import { Edition } from './edition.ts';
import { NotFoundError, ValidationError } from './errors.ts';
import { idOf } from './ids.ts';
import { MoneyInput } from './money.ts';

const PRICES_MAX = 50;

const SeriesInput = builder.inputType('SeriesInput', {
  description: 'A series, and the place of the book in it.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'The name of the series.' }).validate(seriesNameSchema),
    position: t.float({
      description: '1 is the first; 1.5 stands between 1 and 2.',
      validate: seriesPositionSchema.nullish(),
    }),
  }),
});

const pricesSchema = z
  .array(z.object({ amountMinor: z.number(), currency: z.string() }))
  .max(PRICES_MAX, `An edition has ${PRICES_MAX} prices at most.`)
  .refine((list) => new Set(list.map((one) => one.currency)).size === list.length, 'Give one price per currency.');
const contributorsSchema = z
  .array(z.object({ name: z.string(), role: z.string() }))
  .max(CONTRIBUTORS_MAX, `A book has ${CONTRIBUTORS_MAX} contributors at most.`);
const year = publicationYearSchema.nullish();

builder.relayMutationField(
  'createDraft',
  {
    inputFields: (t) => ({
      title: t.string({ required: true, description: 'The title.' }).validate(titleSchema),
      subtitle: t.string({ description: 'The subtitle.' }).validate(subtitleSchema.nullish()),
      description: t
        .string({ description: 'What the book is about, plain text.' })
        .validate(descriptionSchema.nullish()),
      language: t.string({ description: 'BCP 47 tag: `en`, `pt-BR`.' }).validate(languageSchema.nullish()),
      subjects: t.stringList({ description: 'What it is about.' }).validate(subjectsSchema.nullish()),
      series: t.field({ type: SeriesInput, description: 'The series it belongs to.' }),
      publicationYear: t.int({ description: 'Year of first publication; negative is BCE.', validate: year }),
      contributors: t.field({
        type: [ContributorInput],
        description: 'Who made it, in the order of the title page.',
        validate: contributorsSchema.nullish(),
      }),
      isbn13: t.string({ description: 'ISBN, with or without hyphens.' }).validate(isbnSchema.nullish()),
      prices: t.field({ type: [MoneyInput], description: 'One per currency.', validate: pricesSchema.nullish() }),
      workId: t
        .id({ description: 'Another edition of this work of yours. (Default: a new work)' })
        .validate(idOf('Work').nullish()),
    }),
  },
  {
    description: 'Begins a book: a work, an edition and its first revision, all at once. For authors.',
    authScopes: { author: 'publish:write' },
    errors: { types: editionErrors },
    resolve: (_root, { input }, context) => {
      const { workId, isbn13, prices, ...details } = input;
      const now = context.clock.now();
      const draft = { ownerId: signedIn(context).id, now, workId: workId ?? null, isbn13: isbn13 ?? null };
      return context
        .commit(async (tx) => {
          const change = await createDraft(tx, { ...draft, prices: prices ?? [], details: wholeOf(details) });
          await append(context, tx, [editionDrafted.of(change)], now);
          return change;
        })
        .catch(retell);
    },
  },
  editionOutput('The edition, with a revision in DRAFT.'),
);

builder.relayMutationField(
  'updateDraft',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      title: t.string({ description: 'The title.' }).validate(titleSchema.nullish()),
      subtitle: t.string({ description: 'The subtitle; null removes it.' }).validate(subtitleSchema.nullish()),
      description: t
        .string({ description: 'What the book is about, plain text; null removes it.' })
        .validate(descriptionSchema.nullish()),
      language: t.string({ description: 'BCP 47 tag: `en`, `pt-BR`.' }).validate(languageSchema.nullish()),
      subjects: t.stringList({ description: 'What it is about; replaces all.' }).validate(subjectsSchema.nullish()),
      series: t.field({ type: SeriesInput, description: 'The series it belongs to; null removes it.' }),
      publicationYear: t.int({ description: 'Year of first publication; negative is BCE.', validate: year }),
      contributors: t.field({
        type: [ContributorInput],
        description: 'Who made it; replaces all.',
        validate: contributorsSchema.nullish(),
      }),
      isbn13: t
        .string({ description: 'ISBN, with or without hyphens; cannot change once published.' })
        .validate(isbnSchema.nullish()),
      prices: t.field({
        type: [MoneyInput],
        description: 'One per currency; replaces all.',
        validate: pricesSchema.nullish(),
      }),
      fileId: t
        .id({ description: 'The EPUB: a file of yours that is STORED; null removes it.' })
        .validate(idOf('File').nullish()),
    }),
  },
  {
    description: 'Changes what you give of a draft, and leaves the rest. For its author.',
    authScopes: { signedIn: 'publish:write' },
    errors: { types: editionErrors },
    resolve: (_root, { input: { editionId, ...fields } }, context) => {
      const request = { editionId, ownerId: signedIn(context).id, now: context.clock.now(), change: changeOf(fields) };
      return context.commit((tx) => updateDraft(tx, request)).catch(retell);
    },
  },
  editionOutput('The edition.'),
);

builder.relayMutationField(
  'attachFile',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      fileId: t.id({ required: true, description: 'A file of yours that is STORED.' }).validate(idOf('File')),
    }),
  },
  {
    description: 'Makes a file the EPUB of a draft. For its author.',
    authScopes: { signedIn: 'publish:write' },
    errors: { types: editionErrors },
    resolve: (_root, { input: { editionId, fileId } }, context) => {
      const request = { editionId, ownerId: signedIn(context).id, now: context.clock.now(), change: { fileId } };
      return context.commit((tx) => updateDraft(tx, request)).catch(retell);
    },
  },
  editionOutput('The edition.'),
);

builder.relayMutationField(
  'setPrices',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      prices: t.field({
        type: [MoneyInput],
        required: true,
        description: 'One per currency; replaces all. 0 gives it away.',
        validate: pricesSchema,
      }),
      minimums: t.field({
        type: [MoneyInput],
        description:
          'Pay what you want: in these currencies the buyer says how much, this at least; the price is what is suggested. (Default: prices are fixed)',
        validate: pricesSchema.nullish(),
      }),
    }),
  },
  {
    description: 'Sets the prices; they hold at once, also on sale. For its author.',
    authScopes: { signedIn: 'publish:write' },
    errors: { types: editionErrors },
    resolve: (_root, { input }, context) => {
      const prices = withMinimums(input.prices, input.minimums ?? []);
      const { editionId } = input;
      const request = { editionId, prices, ownerId: signedIn(context).id, now: context.clock.now() };
      return context.commit((tx) => setPrices(tx, request)).catch(retell);
    },
  },
  editionOutput('The edition.'),
);

/** @throws ValidationError for a minimum that has no price, or is more than it */
function withMinimums(prices: readonly Price[], minimums: readonly Price[]): Price[] {
  const faults = minimums.flatMap(({ currency, amountMinor }, at) => {
    const price = prices.find((one) => one.currency === currency);
    if (price && amountMinor <= price.amountMinor) return [];
    const message = price ? 'It is more than the price that is suggested.' : `Give a price in ${currency} as well.`;
    return [{ path: `input.minimums.${at}`, message }];
  });
  if (faults.length > 0) throw new ValidationError(faults);
  return prices.map((price) => ({
    ...price,
    minimumMinor: minimums.find((one) => one.currency === price.currency)?.amountMinor ?? null,
  }));
}

/** The payload of a mutation that changes an edition. */
export function editionOutput(description: string) {
  return {
    outputFields: (
      t: PothosSchemaTypes.ObjectFieldBuilder<(typeof builder)['$inferSchemaTypes'], { editionId: string }>,
    ) => ({
      edition: t.drizzleField({
        type: Edition,
        description,
        resolve: async (query, { editionId }, _args, { db }) => {
          const edition = await db.query.editions.findFirst(query({ where: { id: editionId } }));
          if (!edition) throw new NotFoundError('edition');
          return edition;
        },
      }),
    }),
  };
}

interface Fields {
  title?: string | null | undefined;
  subtitle?: string | null | undefined;
  description?: string | null | undefined;
  language?: string | null | undefined;
  subjects?: string[] | null | undefined;
  series?: { name: string; position?: number | null | undefined } | null | undefined;
  publicationYear?: number | null | undefined;
  contributors?: ContributorShape[] | null | undefined;
}

function wholeOf(fields: Fields & { title: string }) {
  return {
    title: fields.title,
    subtitle: fields.subtitle ?? null,
    description: fields.description ?? null,
    language: fields.language ?? null,
    subjects: fields.subjects ?? [],
    series: seriesOf(fields.series ?? null),
    publicationYear: fields.publicationYear ?? null,
    contributors: fields.contributors ?? [],
  };
}

type ChangeFields = Fields & {
  isbn13?: string | null | undefined;
  fileId?: string | null | undefined;
  prices?: Price[] | null | undefined;
};

/** Null removes what can be without; for what cannot (title, lists) it means the same as absent, or empty. */
function changeOf(fields: ChangeFields): DraftChange {
  const { title, subtitle, description, language, subjects, series, publicationYear, contributors } = fields;
  const { isbn13, fileId, prices } = fields;
  return {
    ...(title !== undefined && title !== null && { title }),
    ...(subtitle !== undefined && { subtitle }),
    ...(description !== undefined && { description }),
    ...(language !== undefined && { language }),
    ...(subjects !== undefined && { subjects: subjects ?? [] }),
    ...(series !== undefined && { series: seriesOf(series) }),
    ...(publicationYear !== undefined && { publicationYear }),
    ...(contributors !== undefined && { contributors: contributors ?? [] }),
    ...(isbn13 !== undefined && { isbn13 }),
    ...(fileId !== undefined && { fileId }),
    ...(prices !== undefined && { prices: prices ?? [] }),
  };
}

const seriesOf = (series: { name: string; position?: number | null | undefined } | null) =>
  series && { name: series.name, position: series.position ?? null };
