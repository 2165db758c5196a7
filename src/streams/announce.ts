/**
 * Announcing: a status that is true before the stage has ended, told together with those of other deliveries.
 *
 * Promise: it is told once for the event that the stage consumes, in one commit with what it stores; and only while the
 * run still stands there. What is announced in the same turn of the loop, or while a commit is under way, shares the next.
 */
import { sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import type { Delivery } from './delivery.ts';
import type { EventDraft } from './event.ts';
import type { Seat } from './registry.ts';
import { claimRuns } from './runs.ts';
import { type SettleContext, storeWithEvents } from './settle.ts';
import type { Write } from './workflow.ts';

interface Announcement {
  readonly delivery: Delivery;
  readonly event: EventDraft;
  readonly write: Write | undefined;
  readonly told: (isTold: boolean) => void;
  readonly failed: (error: unknown) => void;
}

export class Announcer<Services> {
  readonly #context: SettleContext<Services> & { wake(): void };
  readonly #seat: Seat<Services>;
  #waiting: Announcement[] = [];
  #isBusy = false;

  constructor(context: SettleContext<Services> & { wake(): void }, seat: Seat<Services>) {
    this.#context = context;
    this.#seat = seat;
  }

  /** @returns false when another delivery has already carried the run on */
  announce(delivery: Delivery, event: EventDraft, write: Write | undefined): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    this.#waiting.push({ delivery, event, write, told: resolve, failed: reject });
    if (!this.#isBusy) {
      this.#isBusy = true;
      setImmediate(() => void this.#drain());
    }
    return promise;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#tellAll(group);
    }
    this.#isBusy = false;
  }

  /** Together; when that fails, each alone, so that one cannot hold up the others. */
  async #tellAll(group: readonly Announcement[]): Promise<void> {
    try {
      const told = await this.#commit(group);
      for (const { delivery, told: answer } of group) answer(told.has(delivery));
      this.#context.wake();
    } catch (error) {
      const [only, ...others] = group;
      if (only && others.length === 0) only.failed(error);
      else for (const one of group) await this.#tellAll([one]);
    }
  }

  /** @returns the deliveries whose runs still stand there */
  async #commit(group: readonly Announcement[]): Promise<Set<Delivery>> {
    const { db, clock, shards } = this.#context;
    return db.transaction(async (tx) => {
      // Its run was opened before the stage was called. Sent together: what was told is read once the runs are locked.
      const deliveries = group.map(({ delivery }) => delivery);
      const [members, told] = await Promise.all([claimRuns(tx, this.#seat, deliveries, true), readTold(tx, group)]);
      const fresh = members.flatMap(({ delivery, claimed }) => {
        const one = group.find((candidate) => candidate.delivery === delivery);
        return one && !told.has(keyOf(delivery, one.event)) ? [{ ...one, attempts: claimed.failures + 1 }] : [];
      });
      await storeWithEvents(
        tx,
        fresh.map(({ write }) => write),
        fresh.map(({ delivery, event, attempts }) => ({
          ...event,
          origin: { runId: delivery.runId, stage: this.#seat.id, attempts, durationMs: null },
        })),
        { now: clock.now(), shards },
      );
      return new Set(members.map(({ delivery }) => delivery));
    });
  }
}

const keyOf = ({ runId }: Delivery, { type }: EventDraft): string => `${runId} ${type}`;

/** Two deliveries of one event may overlap (Redis was lost, a consumer was taken for dead): only the first one tells. */
async function readTold(tx: Pick<Tx, 'execute'>, group: readonly Announcement[]): Promise<Set<string>> {
  const rows = await tx.execute<{ run_id: string; type: string }>(sql`
    select d.run_id, d.type
    from unnest(
      ${sql.param(group.map(({ delivery }) => delivery.subject))}::text[],
      ${sql.param(group.map(({ delivery }) => delivery.seq))}::int[],
      ${sql.param(group.map(({ delivery }) => delivery.runId))}::text[],
      ${sql.param(group.map(({ event }) => event.type))}::text[]
    ) as d(subject, seq, run_id, type)
    where exists (select from event e where e.subject = d.subject and e.seq > d.seq
                  and e.run_id = d.run_id and e.type = d.type)`);
  return new Set([...rows].map((row) => `${row.run_id} ${row.type}`));
}
