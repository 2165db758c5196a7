/** The business: every workflow there is. A new one is a folder beside these and a line here. */
import { dispute } from './dispute/dispute.ts';
import { enrich } from './enrich/enrich.ts';
import { health } from './health/health.ts';
import { accountMail } from './notify/account-mail.ts';
import { announcement } from './notify/notify.ts';
import { moneySweep } from './money-sweep/money-sweep.ts';
import { payee } from './payee/payee.ts';
import { payout, payoutNotice } from './payout/payout.ts';
import { payoutMails } from './payout/mail.ts';
import { payoutRound } from './payout/round.ts';
import { paymentNotice } from './payment-notice/payment-notice.ts';
import { publish } from './publish/publish.ts';
import { purchase } from './purchase/purchase.ts';
import { reconcile } from './reconcile/reconcile.ts';
import { receipt } from './receipt/receipt.ts';
import { webhook } from './webhooks/deliver.ts';
import { webhookPause } from './webhooks/pause-notice.ts';
import { webhookSweep } from './webhooks/sweep.ts';
import { webhookPlanners } from './webhooks/plan.ts';
import { fileSweep } from './sweep/file-sweep.ts';
import { storeSweep } from './sweep/store-sweep.ts';
import { refund, refundNotice } from './refund/refund.ts';

export const workflows = [
  publish,
  enrich,
  purchase,
  paymentNotice,
  receipt,
  announcement,
  accountMail,
  health,
  ...webhookPlanners,
  webhook,
  webhookPause,
  webhookSweep,
  fileSweep,
  storeSweep,
  refund,
  refundNotice,
  dispute,
  payee,
  payout,
  payoutNotice,
  payoutRound,
  ...payoutMails,
  reconcile,
  moneySweep,
];
export { claimSlotIn, keepSchedules, nextSlot } from './schedule.ts';
export { schedulesOf } from './schedules.ts';
export type { ConsumerServices } from './services.ts';
