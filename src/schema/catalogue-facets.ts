/** `Query.catalogueFacets`: how many books each choice of a filter would find. */
import { z } from 'zod';
import type { CatalogueFilter } from '../db/catalogue.ts';
import {
  countFitting,
  countLanguages,
  countPrices,
  countPublished,
  countSubjects,
  FACET_EDITIONS_MAX,
  FACET_VALUES_MAX,
  type FacetValue,
} from '../db/catalogue-facets.ts';
import { builder } from './builder.ts';
import { CatalogueFilterInput } from './catalogue.ts';
import { currencySchema } from './money.ts';

const CHOICES_MAX = 10;
/** Each looks at up to a thousand editions. */
const LOOK_COST = 50;
const choices = <Item extends z.ZodType>(item: Item) =>
  z.array(item).min(1, 'Ask for one at least.').max(CHOICES_MAX, `Ask for ${CHOICES_MAX} at most.`);

const FacetValueRef = builder.objectRef<FacetValue>('FacetValue').implement({
  carried: true,
  description: 'A value, and how many editions have it.',
  fields: (t) => ({
    value: t.exposeString('value', { description: 'To filter by.' }),
    count: t.exposeInt('count', { description: 'How many have it.' }),
  }),
});

interface Facets {
  filter: CatalogueFilter;
  /** Up to one more than are looked at. */
  fitting: number;
}

const CatalogueFacets = builder.objectRef<Facets>('CatalogueFacets').implement({
  carried: true,
  description:
    'What the choices of a filter would find. Each count leaves the filter’s own choice of its kind out: so that it tells what another choice would find.',
  fields: (t) => ({
    count: t.int({
      description: `How many fit the filter; ${FACET_EDITIONS_MAX} where there are more.`,
      resolve: ({ fitting }) => Math.min(fitting, FACET_EDITIONS_MAX),
    }),
    isWhole: t.boolean({
      description: `False where more than ${FACET_EDITIONS_MAX} fit: then every count is of the newest ${FACET_EDITIONS_MAX} alone.`,
      resolve: ({ fitting }) => fitting <= FACET_EDITIONS_MAX,
    }),
    languages: t.field({
      type: [FacetValueRef],
      description: `The ${FACET_VALUES_MAX} most frequent languages, without their regions.`,
      complexity: { field: LOOK_COST, multiplier: FACET_VALUES_MAX },
      resolve: ({ filter }, _args, { db, clock }) => countLanguages(db, { ...filter, language: null }, clock.now()),
    }),
    subjects: t.field({
      type: [FacetValueRef],
      description: `The ${FACET_VALUES_MAX} most frequent subjects.`,
      complexity: { field: LOOK_COST, multiplier: FACET_VALUES_MAX },
      resolve: ({ filter }, _args, { db, clock }) => countSubjects(db, { ...filter, subject: null }, clock.now()),
    }),
    priceCounts: t.intList({
      description: 'For each price of `upTo`, in its order, how many cost that at most.',
      complexity: { field: LOOK_COST, multiplier: CHOICES_MAX },
      args: {
        currency: t.arg.string({ required: true, description: 'ISO 4217.', validate: currencySchema }),
        upTo: t.arg({
          type: ['SafeInt'],
          required: true,
          description: `Prices in minor units, ${CHOICES_MAX} at most.`,
          validate: choices(z.number().min(0, 'A price is 0 or more.')),
        }),
      },
      resolve: ({ filter }, { currency, upTo }, { db, clock }) =>
        countPrices(db, { ...filter, currency: null, priceMax: null }, { currency, upTo, now: clock.now() }),
    }),
    publishedCounts: t.intList({
      description: 'For each instant of `after`, in its order, how many were published after it.',
      complexity: { field: LOOK_COST, multiplier: CHOICES_MAX },
      args: {
        after: t.arg({
          type: ['DateTime'],
          required: true,
          description: `Instants, ${CHOICES_MAX} at most.`,
          validate: choices(z.date()),
        }),
      },
      resolve: ({ filter }, { after }, { db, clock }) =>
        countPublished(db, { ...filter, publishedAfter: null }, { after, now: clock.now() }),
    }),
  }),
});

builder.queryField('catalogueFacets', (t) =>
  t.field({
    type: CatalogueFacets,
    description: 'How many of what is on sale each choice of a filter would find.',
    authScopes: { anyone: 'catalog:read' },
    complexity: { field: LOOK_COST },
    args: { filter: t.arg({ type: CatalogueFilterInput, description: 'What to find. (Default: everything)' }) },
    resolve: async (_root, { filter }, { db, clock }) => ({
      filter: filter ?? {},
      fitting: await countFitting(db, filter ?? {}, clock.now()),
    }),
  }),
);
