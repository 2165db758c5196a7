/** The saga's stages one order at a time, for engines whose unit is one job. */
import postgres from 'postgres';
import { type Stage, STAGES } from './stages.ts';

export interface OrderSaga {
  /** Does one stage of one order: one prepared statement, one commit. */
  run(stage: Stage, orderId: string): Promise<void>;
  close(): Promise<void>;
}

/** @param connections as many as the contestant's tuning says */
export function openOrderSaga(databaseUrl: string, connections: number): OrderSaga {
  const sql = postgres(databaseUrl, { max: connections, onnotice: () => {} });
  return {
    run: async (stage, orderId) => {
      await sql.unsafe(STAGES[stage], [`{${orderId}}`], { prepare: true });
    },
    close: () => sql.end({ timeout: 5 }),
  };
}

export const STAGE_NAMES: readonly Stage[] = ['validate', 'charge', 'fulfil'];

/** The stage that follows; null after the last one. */
export const stageAfter = (stage: Stage): Stage | null => STAGE_NAMES[STAGE_NAMES.indexOf(stage) + 1] ?? null;
