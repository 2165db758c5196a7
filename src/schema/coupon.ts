/** Coupons: made and ended by admins for any edition, by authors for their own. Not here: using one (quote.ts). */
import { z } from 'zod';
import { couponCodeSchema } from '../books/coupon-code.ts';
import { createCoupon, endCoupon } from '../db/coupons.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { ConflictError, NotFoundError, ValidationError } from './errors.ts';
import { idOf } from './ids.ts';
import { Money, MoneyInput, type MoneyShape } from './money.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';

const EDITIONS_MAX = 500;
const CURRENCIES_MAX = 50;
const USES_MAX = 1_000_000;

const amountsShape = z.record(z.string(), z.number()).nullable();

const Coupon = builder.drizzleNode('coupons', {
  name: 'Coupon',
  description: 'What takes something off a price. For whoever made it, and for admins.',
  id: { column: (coupon) => coupon.id, description: 'Opaque global id.' },
  select: { columns: { id: true, createdBy: true } },
  authScopes: ({ createdBy }) => ({ owner: [createdBy, 'sales:read'] }),
  fields: (t) => ({
    code: t.exposeString('code', { description: 'What buyers type.' }),
    percentBps: t.exposeInt('percentBps', {
      nullable: true,
      description: 'The part that it takes off each line: 2,500 is 25 %. Null for a fixed amount.',
    }),
    amounts: t.field({
      type: [Money],
      description: 'What it takes off the whole order, per currency; empty for a percentage.',
      select: { columns: { amounts: true } },
      resolve: ({ amounts }): MoneyShape[] =>
        Object.entries(amountsShape.parse(amounts) ?? {}).map(([currency, amountMinor]) => ({ currency, amountMinor })),
    }),
    validFrom: t.expose('validFrom', { type: 'DateTime', description: 'It holds from then.' }),
    validUntil: t.expose('validUntil', { type: 'DateTime', nullable: true, description: 'Until just before then.' }),
    isEnded: t.exposeBoolean('isEnded', { description: 'It was ended by hand.' }),
    usesMax: t.exposeInt('usesMax', { nullable: true, description: 'How often it may be used in all.' }),
    usesPerReaderMax: t.exposeInt('usesPerReaderMax', {
      nullable: true,
      description: 'How often one reader may use it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  }),
});

const CouponConnection = builder.connectionObject(
  { type: Coupon, name: 'CouponConnection' },
  { name: 'CouponEdge', description: 'A coupon and where it stands in the list.' },
);

builder.queryField('myCoupons', (t) =>
  t.field({
    type: CouponConnection,
    description: 'The coupons that you made, the newest first.',
    authScopes: { author: 'sales:read' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.coupons.findMany({
        ...selectNodes(context, info, { id: true, createdBy: true, createdAt: true }),
        where: { createdBy: signedIn(context).id, RAW: (coupon) => behindInstant(coupon, from) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

const usesSchema = z.number().min(1, 'It must be 1 or more.').max(USES_MAX, 'It is at most 1,000,000.').nullish();

builder.relayMutationField(
  'createCoupon',
  {
    inputFields: (t) => ({
      code: t
        .string({ required: true, description: 'What buyers type; letters, digits and hyphens.' })
        .validate(couponCodeSchema),
      percentBps: t.int({
        description: 'Either the part to take off each line, from 1 to 10,000: 2,500 is 25 %,',
        validate: z.number().min(1, 'It must be 1 or more.').max(10_000, 'It is at most 10,000.').nullish(),
      }),
      amounts: t.field({
        type: [MoneyInput],
        description: 'or what to take off the whole order, one amount per currency.',
        validate: z
          .array(z.object({ amountMinor: z.number().min(1, 'It must be more than 0.'), currency: z.string() }))
          .min(1, 'Give one amount at least.')
          .max(CURRENCIES_MAX, `A coupon has ${CURRENCIES_MAX} currencies at most.`)
          .refine(
            (list) => new Set(list.map((one) => one.currency)).size === list.length,
            'Give one amount per currency.',
          )
          .nullish(),
      }),
      validFrom: t.field({ type: 'DateTime', description: 'It holds from then. (Default: now)' }),
      validUntil: t.field({ type: 'DateTime', description: 'Until just before then. (Default: until it is ended)' }),
      usesMax: t.int({
        description: 'How often it may be used in all. (Default: without limit)',
        validate: usesSchema,
      }),
      usesPerReaderMax: t.int({
        description: 'How often one reader may use it. (Default: without limit)',
        validate: usesSchema,
      }),
      editionIds: t
        .idList({ description: 'It holds for these only. (Default: all; for an author, all of theirs)' })
        .validate(
          z.array(idOf('Edition')).max(EDITIONS_MAX, `A coupon is for ${EDITIONS_MAX} editions at most.`).nullish(),
        ),
      authorIds: t
        .idList({ description: 'And for all editions of these authors. For admins.' })
        .validate(
          z.array(idOf('User')).max(EDITIONS_MAX, `A coupon is for ${EDITIONS_MAX} authors at most.`).nullish(),
        ),
    }),
  },
  {
    description: 'Makes a coupon: for any edition by an admin, for their own by an author.',
    authScopes: { author: 'publish:write' },
    errors: { types: [ConflictError, NotFoundError] },
    resolve: (_root, { input }, context) => {
      const viewer = signedIn(context);
      const isAdmin = viewer.role === 'ADMIN';
      const now = context.clock.now();
      const { code, percentBps, amounts, validUntil, usesMax, usesPerReaderMax } = input;
      refuseFaults({ ...input, validFrom: input.validFrom ?? now }, isAdmin);
      const editionIds = input.editionIds ?? [];
      const ownOnly = editionIds.length === 0 ? [viewer.id] : [];
      const coupon = {
        createdBy: viewer.id,
        code,
        percentBps: percentBps ?? null,
        amounts: amounts ? Object.fromEntries(amounts.map((one) => [one.currency, one.amountMinor])) : null,
        validFrom: input.validFrom ?? now,
        validUntil: validUntil ?? null,
        usesMax: usesMax ?? null,
        usesPerReaderMax: usesPerReaderMax ?? null,
        editionIds,
        authorIds: isAdmin ? (input.authorIds ?? []) : ownOnly,
        now,
      };
      return context.commit((tx) => createCoupon(tx, coupon, isAdmin ? null : viewer.id)).catch(retell);
    },
  },
  couponOutput('The coupon.'),
);

interface CouponTerms {
  percentBps?: number | null | undefined;
  amounts?: readonly MoneyShape[] | null | undefined;
  validFrom: Date;
  validUntil?: Date | null | undefined;
  authorIds?: readonly string[] | null | undefined;
}

/** @throws ValidationError */
function refuseFaults({ percentBps, amounts, validFrom, validUntil, authorIds }: CouponTerms, isAdmin: boolean): void {
  const faults: [string, string][] = [];
  if ((percentBps ?? null) !== null && amounts) faults.push(['amounts', 'Give a percentage or amounts, not both.']);
  if ((percentBps ?? null) === null && !amounts) faults.push(['percentBps', 'Give a percentage or amounts.']);
  if (validUntil && validUntil <= validFrom) faults.push(['validUntil', 'It must be later than validFrom.']);
  if (authorIds && !isAdmin) faults.push(['authorIds', 'A coupon of yours is for your own editions. Leave this out.']);
  if (faults.length > 0) {
    throw new ValidationError(faults.map(([field, message]) => ({ path: `input.${field}`, message })));
  }
}

builder.relayMutationField(
  'endCoupon',
  {
    inputFields: (t) => ({
      couponId: t.id({ required: true, description: 'A coupon of yours; any, for an admin.' }).validate(idOf('Coupon')),
    }),
  },
  {
    description: 'Ends a coupon now. Quotes and orders that have it keep what they were promised.',
    authScopes: { author: 'publish:write' },
    errors: { types: [NotFoundError] },
    resolve: (_root, { input: { couponId } }, context) => {
      const viewer = signedIn(context);
      return context.commit((tx) => endCoupon(tx, couponId, viewer.role === 'ADMIN' ? null : viewer.id)).catch(retell);
    },
  },
  couponOutput('The coupon.'),
);

function couponOutput(description: string) {
  return {
    outputFields: (
      t: PothosSchemaTypes.ObjectFieldBuilder<(typeof builder)['$inferSchemaTypes'], { couponId: string }>,
    ) => ({
      coupon: t.drizzleField({
        type: Coupon,
        description,
        resolve: async (query, { couponId }, _args, { db }) => {
          const coupon = await db.query.coupons.findFirst(query({ where: { id: couponId } }));
          if (!coupon) throw new NotFoundError('coupon');
          return coupon;
        },
      }),
    }),
  };
}
