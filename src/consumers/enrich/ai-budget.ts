/**
 * AI budget: what may be spent on suggestions a day (UTC), kept in one row so that it holds for all processes together.
 *
 * Life of a reservation: counted before the call → corrected to what was used after it. One whose process died stays
 * counted until midnight: the budget is never exceeded, it may be left unused.
 */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { AiBudget } from '../../ports/ai/enricher.ts';
import type { Db } from '../../db/client.ts';

export interface AiBudgetLimits {
  tokensMaxPerDay: number;
  /** Millionths of the price list's currency. */
  costMicrosMaxPerDay: number;
}

const DAY_MS = 86_400_000;
const reservation = z.object({ day: z.string(), tokens: z.int(), costMicros: z.int() });

export function createAiBudget(db: Db, limits: AiBudgetLimits, clock: { now(): Date }): AiBudget {
  return {
    reserve: async ({ tokens, costMicros }) => {
      const now = clock.now();
      const day = now.toISOString().slice(0, 10);
      const wanted = { day, tokens, costMicros: costMicros ?? 0 };
      const granted = await db.execute(sql`
        insert into ai_budget as b (day, tokens, cost_micros)
        select ${day}, ${wanted.tokens}, ${wanted.costMicros}
        where ${wanted.tokens}::bigint <= ${limits.tokensMaxPerDay}::bigint
          and ${wanted.costMicros}::bigint <= ${limits.costMicrosMaxPerDay}::bigint
        on conflict (day) do update
          set tokens = b.tokens + excluded.tokens, cost_micros = b.cost_micros + excluded.cost_micros
          where b.tokens + excluded.tokens <= ${limits.tokensMaxPerDay}
            and b.cost_micros + excluded.cost_micros <= ${limits.costMicrosMaxPerDay}
        returning day`);
      if (granted.length > 0) return { kind: 'GRANTED', reservationId: JSON.stringify(wanted) };
      return { kind: 'REFUSED', retryAfterMs: DAY_MS - (now.getTime() % DAY_MS) };
    },
    settle: async (reservationId, used) => {
      const reserved = reservation.parse(JSON.parse(reservationId));
      await db.execute(sql`
        update ai_budget
        set tokens = greatest(0, tokens + ${used.tokens - reserved.tokens}),
            cost_micros = greatest(0, cost_micros + ${(used.costMicros ?? 0) - reserved.costMicros})
        where day = ${reserved.day}`);
    },
  };
}
