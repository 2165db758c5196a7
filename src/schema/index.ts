/**
 * The schema: every type file, one import each, in alphabetical order.
 *
 * A type file registers its types with the builder when it is imported; nothing else is needed.
 */
// oxlint-disable import/no-unassigned-import -- importing a type file is what registers it
import type { GraphQLSchema } from 'graphql';
import { builder } from './builder.ts';
import './accounts.ts';
import './api-keys.ts';
import './catalogue.ts';
import './catalogue-facets.ts';
import './claim.ts';
import './contributor.ts';
import './coupon.ts';
import './dead-letters.ts';
import './disclosures.ts';
import './dispute.ts';
import './domain-errors.ts';
import './draft.ts';
import './edition-status.ts';
import './edition.ts';
import './enrichment.ts';
import './error-types.ts';
import './flow-graph.ts';
import './guest-order.ts';
import './health.ts';
import './ledger-audit.ts';
import './library.ts';
import './local-mails.ts';
import './mailed-codes.ts';
import './money.ts';
import './offer.ts';
import './order-status.ts';
import './order.ts';
import './payee-status.ts';
import './payee.ts';
import './payout-status.ts';
import './payout.ts';
import './place-order.ts';
import './price-windows.ts';
import './publishing.ts';
import './quote.ts';
import './receipt.ts';
import './reconciliation.ts';
import './refund-status.ts';
import './refund.ts';
import './revision.ts';
import './run-updates.ts';
import './run-list.ts';
import './runs.ts';
import './scalars.ts';
import './schedules.ts';
import './sessions.ts';
import './sign-in-methods.ts';
import './sign-up.ts';
import './stage-figures.ts';
import './statement.ts';
import './statuses.ts';
import './streams.ts';
import './subject.ts';
import './timers.ts';
import './two-factor.ts';
import './upload.ts';
import './viewer.ts';
import './webhook-desk.ts';
import './webhooks.ts';

export const schema: GraphQLSchema = builder.toSchema();
