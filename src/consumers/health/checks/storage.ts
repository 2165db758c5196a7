/** Can files be written and read? */
import { type HealthCheck, up } from '../check.ts';

export const storage: HealthCheck = {
  name: 'storage',
  look: async (services, _now, signal) => {
    await services.storage.checkHealth({ signal });
    return up('Files can be written and read.');
  },
};
