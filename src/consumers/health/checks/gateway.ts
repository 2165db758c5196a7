/** Does the payment gateway answer? Without it purchases wait; nothing is lost. */
import { degraded, type HealthCheck, up } from '../check.ts';

export const gateway: HealthCheck = {
  name: 'gateway',
  look: async (services, _now, signal) => {
    try {
      await services.gateway.checkHealth({ signal });
      return up('The payment gateway answers.');
    } catch {
      return degraded('The payment gateway does not answer; purchases wait for it.');
    }
  },
};
