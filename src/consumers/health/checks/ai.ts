/** Could a suggestion be made now? Without it only suggestions wait. */
import { degraded, type HealthCheck, up } from '../check.ts';

export const ai: HealthCheck = {
  name: 'ai',
  look: async (services, _now, signal) => {
    try {
      await services.enricher.checkHealth({ signal });
      return up('Suggestions can be made.');
    } catch {
      return degraded('The AI server does not answer; only suggestions wait for it.');
    }
  },
};
