/** Does Redis answer, and how soon? */
import { degraded, type HealthCheck, up } from '../check.ts';

const SLOW_MS = 500;

export const redis: HealthCheck = {
  name: 'redis',
  look: async (services) => {
    const startedAt = performance.now();
    await services.redis.ping();
    const tookMs = Math.round(performance.now() - startedAt);
    return tookMs > SLOW_MS ? degraded(`Redis needed ${tookMs} ms for an answer.`) : up('Redis answers.');
  },
};
