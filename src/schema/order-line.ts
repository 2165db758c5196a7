/** A line of an order: one edition, with its money as it was when it was ordered. */
import { builder } from './builder.ts';
import { Edition } from './edition.ts';
import { Money } from './money.ts';

const inCurrency = { order: { columns: { currency: true } } } as const;

export const OrderLine = builder.drizzleObject('orderLines', {
  name: 'OrderLine',
  carried: true,
  description: 'One thing that was ordered, with its money as it was when it was ordered.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: 'Which line of the order it is: 0, 1, 2 …' }),
    edition: t.relation('edition', { type: Edition, description: 'What was ordered.' }),
    price: t.field({
      type: Money,
      description: 'What it cost: the list price without the discount; tax included.',
      select: { columns: { amountMinor: true }, with: inCurrency },
      resolve: ({ amountMinor, order }) => ({ amountMinor, currency: order.currency }),
    }),
    listPrice: t.field({
      type: Money,
      description: 'The price before the discount.',
      select: { columns: { listAmountMinor: true }, with: inCurrency },
      resolve: ({ listAmountMinor, order }) => ({ amountMinor: listAmountMinor, currency: order.currency }),
    }),
    discount: t.field({
      type: Money,
      description: 'What a coupon took off; 0 without one.',
      select: { columns: { discountMinor: true }, with: inCurrency },
      resolve: ({ discountMinor, order }) => ({ amountMinor: discountMinor, currency: order.currency }),
    }),
    tax: t.field({
      type: Money,
      description: 'The tax that the price contains.',
      select: { columns: { taxMinor: true }, with: inCurrency },
      resolve: ({ taxMinor, order }) => ({ amountMinor: taxMinor, currency: order.currency }),
    }),
    refunded: t.field({
      type: Money,
      description: 'What of the price was given back, or is on its way back.',
      select: { columns: { reversedMinor: true }, with: inCurrency },
      resolve: ({ reversedMinor, order }) => ({ amountMinor: reversedMinor, currency: order.currency }),
    }),
    taxRateBps: t.exposeInt('taxRateBps', { description: 'The rate of that tax: 700 is 7 %.' }),
  }),
});
