/** Do the provider's books and ours agree? */
import { readReconciliationStand } from '../../../db/reconciliation.ts';
import { degraded, type HealthCheck, up } from '../check.ts';

/** The books are compared every night. */
const COMPARED_MS_MAX = 50 * 3_600_000;

export const reconciliation: HealthCheck = {
  name: 'reconciliation',
  look: async ({ db, gateway }, now) => {
    const { endedAt, open } = await readReconciliationStand(db, gateway.name);
    if (open > 0) {
      return degraded(
        `${open} differences between the provider’s books and ours are open: look at them, and explain them.`,
      );
    }
    if (endedAt === null) return up('The provider’s books have not been compared with ours yet.');
    if (now.getTime() - endedAt.getTime() > COMPARED_MS_MAX) {
      return degraded(`The provider’s books were last compared with ours at ${endedAt.toISOString()}.`);
    }
    return up('The provider’s books and ours agree.');
  },
};
