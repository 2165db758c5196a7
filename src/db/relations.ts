/** How tables hang together, for relational queries and for the GraphQL types built on them. */
import { defineRelations } from 'drizzle-orm';
import * as tables from './tables/index.ts';

export const relations = defineRelations(tables, (r) => ({
  users: {
    editions: r.many.editions({ from: r.users.id, to: r.editions.ownerId }),
    orders: r.many.orders({ from: r.users.id, to: r.orders.buyerId }),
    entitlements: r.many.entitlements({ from: r.users.id, to: r.entitlements.readerId }),
    payee: r.one.payees({ from: r.users.id, to: r.payees.authorId }),
  },
  webhookEndpoints: {
    owner: r.one.users({ from: r.webhookEndpoints.ownerId, to: r.users.id, optional: false }),
    deliveries: r.many.webhookDeliveries({ from: r.webhookEndpoints.id, to: r.webhookDeliveries.endpointId }),
  },
  webhookDeliveries: {
    endpoint: r.one.webhookEndpoints({
      from: r.webhookDeliveries.endpointId,
      to: r.webhookEndpoints.id,
      optional: false,
    }),
    attempts: r.many.webhookAttempts({ from: r.webhookDeliveries.id, to: r.webhookAttempts.deliveryId }),
  },
  disclosures: {
    admin: r.one.users({ from: r.disclosures.adminId, to: r.users.id, optional: false }),
  },
  works: {
    editions: r.many.editions({ from: r.works.id, to: r.editions.workId }),
    owner: r.one.users({ from: r.works.ownerId, to: r.users.id, optional: false }),
  },
  editions: {
    work: r.one.works({ from: r.editions.workId, to: r.works.id, optional: false }),
    owner: r.one.users({ from: r.editions.ownerId, to: r.users.id, optional: false }),
    liveRevision: r.one.revisions({ from: r.editions.liveRevisionId, to: r.revisions.id, alias: 'live' }),
    workingRevision: r.one.revisions({ from: r.editions.workingRevisionId, to: r.revisions.id, alias: 'working' }),
    revisions: r.many.revisions({ from: r.editions.id, to: r.revisions.editionId, alias: 'all' }),
    prices: r.many.prices({ from: r.editions.id, to: r.prices.editionId }),
    priceWindows: r.many.priceWindows({ from: r.editions.id, to: r.priceWindows.editionId }),
  },
  revisions: {
    edition: r.one.editions({ from: r.revisions.editionId, to: r.editions.id, optional: false, alias: 'all' }),
    contributors: r.many.contributors({ from: r.revisions.id, to: r.contributors.revisionId }),
    file: r.one.files({ from: r.revisions.fileId, to: r.files.id }),
    enrichment: r.one.enrichments({ from: r.revisions.id, to: r.enrichments.revisionId }),
  },
  orders: {
    buyer: r.one.users({ from: r.orders.buyerId, to: r.users.id, optional: false }),
    lines: r.many.orderLines({ from: r.orders.id, to: r.orderLines.orderId }),
    payment: r.one.payments({ from: r.orders.id, to: r.payments.orderId }),
    refunds: r.many.refunds({ from: r.orders.id, to: r.refunds.orderId }),
    coupon: r.one.coupons({ from: r.orders.couponId, to: r.coupons.id }),
    receipt: r.one.receipts({ from: r.orders.id, to: r.receipts.orderId }),
    claim: r.one.claims({ from: r.orders.id, to: r.claims.orderId }),
  },
  refunds: {
    order: r.one.orders({ from: r.refunds.orderId, to: r.orders.id, optional: false }),
    lines: r.many.refundLines({ from: r.refunds.id, to: r.refundLines.refundId }),
  },
  payees: {
    author: r.one.users({ from: r.payees.authorId, to: r.users.id, optional: false }),
  },
  payouts: {
    author: r.one.users({ from: r.payouts.authorId, to: r.users.id, optional: false }),
  },
  reconciliationDifferences: {
    explainedBy: r.one.users({ from: r.reconciliationDifferences.explainedById, to: r.users.id }),
  },
  disputes: {
    order: r.one.orders({ from: r.disputes.orderId, to: r.orders.id, optional: false }),
  },
  refundLines: {
    refund: r.one.refunds({ from: r.refundLines.refundId, to: r.refunds.id, optional: false }),
    orderLine: r.one.orderLines({
      from: [r.refundLines.orderId, r.refundLines.position],
      to: [r.orderLines.orderId, r.orderLines.position],
      optional: false,
    }),
  },
  orderLines: {
    order: r.one.orders({ from: r.orderLines.orderId, to: r.orders.id, optional: false }),
    edition: r.one.editions({ from: r.orderLines.editionId, to: r.editions.id, optional: false }),
  },
  quotes: {
    lines: r.many.quoteLines({ from: r.quotes.id, to: r.quoteLines.quoteId }),
    coupon: r.one.coupons({ from: r.quotes.couponId, to: r.coupons.id }),
    order: r.one.orders({ from: r.quotes.orderId, to: r.orders.id }),
  },
  quoteLines: {
    quote: r.one.quotes({ from: r.quoteLines.quoteId, to: r.quotes.id, optional: false }),
    edition: r.one.editions({ from: r.quoteLines.editionId, to: r.editions.id, optional: false }),
  },
  entitlements: {
    reader: r.one.users({ from: r.entitlements.readerId, to: r.users.id, optional: false }),
    edition: r.one.editions({ from: r.entitlements.editionId, to: r.editions.id, optional: false }),
    order: r.one.orders({ from: r.entitlements.orderId, to: r.orders.id, optional: false }),
  },
}));
