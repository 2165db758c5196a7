/** Where an edition, an order, a refund and a payout stand: the enums that queries and subscriptions share. */
import { builder } from './builder.ts';

export const EditionStatus = builder.enumType('EditionStatus', {
  description: 'Where an edition stands: what is being prepared, or else what is with the readers.',
  values: {
    DRAFT: { description: 'Being written; only its author sees it.' },
    SUBMITTED: { description: 'Handed in; publishing begins.' },
    CHECKING_METADATA: { description: 'Title, language, price and the like are being checked.' },
    SCANNING_FILE: { description: 'The archive is being scanned for anything hostile.' },
    VALIDATING: { description: 'The EPUB is being checked for what would make it unreadable.' },
    EXTRACTING: { description: 'Cover, contents and sample are being read out of the file.' },
    DEDUPING: { description: 'Is being compared with the books on sale.' },
    PUBLISHED: { description: 'On sale.' },
    UNPUBLISHED: { description: 'Taken off sale by its author; readers keep what they bought.' },
    TAKEN_DOWN: { description: 'Taken off sale by an admin.' },
    SUPERSEDED: { description: 'A newer revision took its place.' },
    NEEDS_CHANGES: { description: 'The author can mend it: every fault is in the report.' },
    REJECTED: { description: 'Refused as hostile or as a copy.' },
    FAILED: { description: 'It failed on our side; it can be handed in again.' },
    WITHDRAWN: { description: 'Taken back by its author while it was prepared.' },
  } as const,
});

export const OrderStatus = builder.enumType('OrderStatus', {
  description: 'Where an order stands.',
  values: {
    PENDING_PAYMENT: { description: 'Placed; the payment has not begun.' },
    REQUIRES_ACTION: { description: 'The buyer has to approve the payment.' },
    AUTHORIZED: { description: 'The amount is reserved, not taken.' },
    CAPTURING: { description: 'The amount is being taken; an unknown outcome stays here until the provider answers.' },
    PAID: { description: 'The amount was taken and booked.' },
    FULFILLING: { description: 'The licence is being granted.' },
    COMPLETED: { description: 'The book is in the library.' },
    EXPIRED: { description: 'It was not paid in time; nothing was taken.' },
    DECLINED: { description: 'The payment was declined; nothing was taken.' },
    CANCELLED: { description: 'It could not be completed; nothing was kept.' },
  } as const,
});

export const RefundStatus = builder.enumType('RefundStatus', {
  description: 'Where a refund stands.',
  values: {
    REQUESTED: { description: 'Booked; the payment provider is being asked.' },
    SUBMITTED: { description: 'The provider has taken it on; the money is on its way.' },
    SETTLED: { description: 'The money is with the buyer.' },
    FAILED: { description: 'It was refused or came back: all is as it was before it was asked for.' },
  } as const,
});

export const PayoutStatus = builder.enumType('PayoutStatus', {
  description: 'Where a payout stands.',
  values: {
    REQUESTED: { description: 'Taken from the balance; the payment provider is being asked.' },
    PROCESSING: { description: 'The provider has taken it on; the money is on its way.' },
    PAID: { description: 'The money is with the author.' },
    FAILED: { description: 'It was refused or came back, also after it was paid: it is in the balance again.' },
  } as const,
});
