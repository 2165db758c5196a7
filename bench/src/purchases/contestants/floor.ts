/**
 * The floor: the same rows written in bulk with no queue at all, in three, two or one commits per batch.
 *
 * It keeps no promise: nothing is retried, recorded or handed over. It says what the tables themselves cost.
 */
import postgres from 'postgres';
import type { Contestant, Worker } from '../contestant.ts';
import { IN_ONE_COMMIT, IN_THREE_COMMITS, IN_TWO_COMMITS } from '../saga/stages.ts';

const BATCH = 500;
const CONNECTIONS = 2;

function floor(name: string, label: string, statements: readonly string[]): Contestant {
  return {
    name,
    label,
    kind: 'FLOOR',
    tuning: `${BATCH} orders a batch, prepared set-based statements, ${CONNECTIONS} connections`,
    install: async () => {},
    openProducer: null,
    openWorker: async ({ databaseUrl }): Promise<Worker> => {
      const sql = postgres(databaseUrl, { max: CONNECTIONS, onnotice: () => {} });
      let working: Promise<unknown> = Promise.resolve();
      return {
        start: async () => {
          working = writeAll(sql, statements);
        },
        stop: async () => {
          await working;
        },
        close: () => sql.end({ timeout: 5 }),
      };
    },
  };
}

async function writeAll(sql: postgres.Sql, statements: readonly string[]): Promise<void> {
  const rows = await sql<{ id: string }[]>`select id from purchase_order where status = 'PLACED' order by id`;
  const batches = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, index) =>
    rows.slice(index * BATCH, (index + 1) * BATCH).map(({ id }) => id),
  );
  const loop = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      for (const statement of statements) await sql.unsafe(statement, [`{${batch.join(',')}}`], { prepare: true });
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, loop));
}

export const floorInThree = floor('floor-3', 'bulk SQL, no queue, three commits', IN_THREE_COMMITS);
export const floorInTwo = floor('floor-2', 'bulk SQL, no queue, two commits', IN_TWO_COMMITS);
export const floorInOne = floor('floor-1', 'bulk SQL, no queue, one commit', IN_ONE_COMMIT);
