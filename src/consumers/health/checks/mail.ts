/** Can mail be handed over? Without it notices wait; nothing else does. */
import { degraded, type HealthCheck, up } from '../check.ts';

export const mail: HealthCheck = {
  name: 'mail',
  look: async (services) => {
    try {
      await services.mail.checkHealth();
      return up('Mail can be sent.');
    } catch {
      return degraded('Mail cannot be handed over; notices wait.');
    }
  },
};
