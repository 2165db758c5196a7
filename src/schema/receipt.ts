/** The receipt of an order: its number, and where its PDF is. */
import { receiptNumber } from '../db/receipts.ts';
import { builder } from './builder.ts';
import { receiptLink } from './links.ts';

export interface ReceiptShape {
  orderId: string;
  buyerId: string;
  year: number;
  number: number;
  issuedAt: Date;
  storageKey: string | null;
}

export const Receipt = builder.objectRef<ReceiptShape>('Receipt').implement({
  carried: true,
  description: 'The receipt of a completed order. Its number is final; the PDF follows within moments, and by mail.',
  fields: (t) => ({
    number: t.string({
      description: 'Year and number: `2026-000123`. The numbers of a year have no gap.',
      resolve: receiptNumber,
    }),
    issuedAt: t.expose('issuedAt', { type: 'DateTime', description: 'When the order was completed.' }),
    url: t.field({
      type: 'URL',
      nullable: true,
      description: 'Where the PDF is fetched, for five minutes; null while it is being made.',
      resolve: ({ orderId, buyerId, storageKey }, _args, context) =>
        storageKey === null ? null : receiptLink(context, { orderId, buyerId }),
    }),
  }),
});
