/** What a health check is: a name, and a look that answers or throws. A new one is a file in checks/ and a line in health.ts. */
import type { ConsumerServices } from '../services.ts';

export type HealthStatus = 'UP' | 'DEGRADED' | 'DOWN';

export interface HealthFinding {
  status: HealthStatus;
  /** One sentence for an operator. */
  detail: string;
}

export interface HealthCheck {
  readonly name: string;
  /** Throwing means DOWN; 5 s at most. */
  look(services: ConsumerServices, now: Date, signal: AbortSignal): Promise<HealthFinding>;
}

export const up = (detail: string): HealthFinding => ({ status: 'UP', detail });
export const degraded = (detail: string): HealthFinding => ({ status: 'DEGRADED', detail });
export const down = (detail: string): HealthFinding => ({ status: 'DOWN', detail });
