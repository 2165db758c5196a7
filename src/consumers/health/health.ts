/**
 * Workflow `health`: the checks, run by a consumer for each slot of the schedule, stored and told to subscribers.
 *
 * Promise: one report per slot, however many nodes are up; a check that hangs or throws is DOWN and holds up no other.
 */
import { healthReports } from '../../db/tables/index.ts';
import { newId } from '../../db/tables/columns.ts';
import { healthDue, healthReported } from '../../events/index.ts';
import { advance, backoff } from '../../streams/index.ts';
import { type ConsumerServices, stage, workflow } from '../services.ts';
import type { HealthCheck, HealthStatus } from './check.ts';
import { ai } from './checks/ai.ts';
import { database } from './checks/database.ts';
import { deadLetters } from './checks/dead-letters.ts';
import { files } from './checks/files.ts';
import { gateway } from './checks/gateway.ts';
import { ledgerAudit } from './checks/ledger-audit.ts';
import { ledgerSum } from './checks/ledger-sum.ts';
import { mail } from './checks/mail.ts';
import { outboxAge } from './checks/outbox-age.ts';
import { reconciliation } from './checks/reconciliation.ts';
import { redis } from './checks/redis.ts';
import { storage } from './checks/storage.ts';
import { streamLag } from './checks/stream-lag.ts';
import { stuckMoney } from './checks/stuck-money.ts';
import { stuckRuns } from './checks/stuck-runs.ts';

const CHECKS: readonly HealthCheck[] = [
  database,
  redis,
  streamLag,
  outboxAge,
  stuckRuns,
  stuckMoney,
  deadLetters,
  ledgerSum,
  ledgerAudit,
  reconciliation,
  storage,
  files,
  ai,
  gateway,
  mail,
];
const CHECK_TIMEOUT_MS = 5_000;

export interface CheckResult {
  name: string;
  status: HealthStatus;
  detail: string;
  durationMs: number;
}

export const health = workflow('health', {
  startedBy: 'cron',
  stages: [
    stage('check', {
      on: healthDue,
      emits: [healthReported],
      retry: backoff({ attemptsMax: 3, delayMs: 1_000, delayMsMax: 5_000 }),
      timeoutMs: 15_000,
      run: async ({ payload: { slot } }, { services, clock }) => {
        const checks = await Promise.all(CHECKS.map((check) => runCheck(check, services, clock.now())));
        const status = worst(checks.map((check) => check.status));
        const reportId = newId();
        return advance(healthReported.of({ slot, reportId, status }), async (tx) => {
          await tx
            .insert(healthReports)
            .values({ id: reportId, slot: new Date(slot), status, checks, createdAt: clock.now() })
            .onConflictDoNothing();
        });
      },
    }),
  ],
});

/** One check within its time limit. */
export async function runCheck(check: HealthCheck, services: ConsumerServices, now: Date): Promise<CheckResult> {
  const startedAt = performance.now();
  const finish = (status: HealthStatus, detail: string): CheckResult => ({
    name: check.name,
    status,
    detail,
    durationMs: Math.round(performance.now() - startedAt),
  });
  const limit = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    limit.abort();
    reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`));
  }, CHECK_TIMEOUT_MS);
  try {
    const { status, detail } = await Promise.race([check.look(services, now, limit.signal), late]);
    return finish(status, detail);
  } catch (error) {
    return finish('DOWN', error instanceof Error ? error.message.slice(0, 300) : 'unknown error');
  } finally {
    clearTimeout(timer);
  }
}

function worst(statuses: readonly HealthStatus[]): HealthStatus {
  if (statuses.includes('DOWN')) return 'DOWN';
  return statuses.includes('DEGRADED') ? 'DEGRADED' : 'UP';
}
