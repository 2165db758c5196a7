/**
 * The catalogue of events: what mutations append and stages consume and return.
 *
 * It stands between the API and the business, which never meet: both import this, and neither imports the other.
 */
export * from './accounts.ts';
export * from './disputes.ts';
export * from './editions.ts';
export * from './enrichments.ts';
export * from './money.ts';
export * from './operations.ts';
export * from './orders.ts';
export * from './payouts.ts';
export * from './reconciliation.ts';
export * from './webhooks.ts';
export * from './refunds.ts';
