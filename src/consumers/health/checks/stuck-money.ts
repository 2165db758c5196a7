/** Which money has stood still for too long? `money-sweep` wakes it. */
import { countStuck, findStuckMoney } from '../../../db/stuck-money.ts';
import { degraded, type HealthCheck, up } from '../check.ts';

export const stuckMoney: HealthCheck = {
  name: 'stuck-money',
  look: async ({ db }, now) => {
    const found = await findStuckMoney(db, now);
    const [first] = found;
    if (!first) return up('No payment, approval, capture, refund or payout stands still.');
    const count = countStuck(found);
    return degraded(
      `Standing still: ${count.PAYMENT} payments, ${count.ACTION} approvals, ${count.CAPTURE} captures whose outcome is unknown, ${count.REFUND} refunds and ${count.PAYOUT} payouts without an answer; such as ${first.subject}.`,
    );
  },
};
