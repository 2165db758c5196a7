/**
 * Store: PostgreSQL as the engine sees it. Every method is one transaction: it happens whole, or throws before it has
 * changed anything.
 *
 * Not here: any decision. What may be worked on and what follows is asked of src/streams/decide.ts by the worker.
 */
import type { RunSnapshot, RunState } from '../../../src/streams/decide.ts';
import type { EventDraft } from '../../../src/streams/event.ts';
import type { Delivery } from '../../../src/streams/delivery.ts';
import { Violation } from './violation.ts';

export interface SimRun {
  readonly id: string;
  readonly workflow: string;
  readonly subject: string;
  state: RunState;
  stage: string;
  atEventId: number;
  failures: number;
  retryAtMs: number | null;
}

export interface SimEvent {
  readonly id: number;
  readonly stream: string;
  readonly type: string;
  readonly subject: string | null;
  readonly seq: number | null;
  readonly runId: string | null;
  readonly payload: unknown;
  readonly again: { eventId: number; runId: string; kind: Delivery['kind'] } | null;
  pubSeq: number | null;
}

interface SimTimer {
  readonly dueMs: number;
  readonly stage: string;
  readonly runId: string;
  readonly eventId: number;
  readonly kind: Delivery['kind'];
}

interface SimLetter extends Omit<SimTimer, 'dueMs'> {
  isOpen: boolean;
}

/** Events that one commit adds to a stream; they travel as one entry. */
export type SimPack = readonly SimEvent[];

const STAMP_MAX = 3;

export class Store {
  readonly runs = new Map<string, SimRun>();
  readonly events: SimEvent[] = [];
  timers: SimTimer[] = [];
  readonly letters: SimLetter[] = [];
  readonly heads = new Map<string, number>();
  readonly progress = new Map<string, Map<string, number>>();
  readonly #byStream = new Map<string, SimPack[]>();
  readonly #seqs = new Map<string, number>();
  #unstamped: SimEvent[][] = [];
  #packs = new Map<string, SimEvent[]>();
  #isCommitting = false;

  /** One commit: what is inserted meanwhile for the same stream becomes one pack. */
  commit(write: () => void): void {
    this.#packs = new Map();
    this.#isCommitting = true;
    write();
    this.#isCommitting = false;
  }

  append(drafts: readonly EventDraft[], runId: string | null): SimEvent[] {
    if (!this.#isCommitting) this.#packs = new Map();
    return drafts.map((draft) => {
      const seq = (this.#seqs.get(draft.subject) ?? 0) + 1;
      this.#seqs.set(draft.subject, seq);
      return this.#insert({ ...draft, stream: draft.type, seq, runId, again: null });
    });
  }

  #insert(event: Omit<SimEvent, 'id' | 'pubSeq'>): SimEvent {
    const stored = { ...event, id: this.events.length + 1, pubSeq: null };
    this.events.push(stored);
    const stream = `${event.stream} ${event.again?.kind ?? ''}`;
    const pack = this.#packs.get(stream);
    if (pack) pack.push(stored);
    else {
      this.#unstamped.push([stored]);
      this.#packs.set(stream, this.#unstamped.at(-1) ?? []);
    }
    return stored;
  }

  openRuns(workflow: string, stage: string, deliveries: readonly Delivery[]): void {
    for (const { startsRun, runId, subject, eventId } of deliveries) {
      if (!startsRun || this.runs.has(runId)) continue;
      this.runs.set(runId, {
        id: runId,
        workflow,
        subject,
        state: 'RUNNING',
        stage,
        atEventId: eventId,
        failures: 0,
        retryAtMs: null,
      });
    }
  }

  /** A run as the inbox check reads it. */
  get(runId: string): RunSnapshot | undefined {
    const run = this.runs.get(runId);
    return run && { ...run, runId, isWaiting: run.retryAtMs !== null };
  }

  run(runId: string): SimRun {
    const run = this.runs.get(runId);
    if (!run) throw new Violation(`run ${runId} is lost`);
    return run;
  }

  plan(timer: SimTimer): void {
    if (this.timers.some((other) => other.runId === timer.runId)) {
      throw new Violation(`two tries of ${timer.runId} are planned at once`);
    }
    this.run(timer.runId).retryAtMs = timer.dueMs;
    this.timers.push(timer);
  }

  fireTimers(nowMs: number): number {
    const due = this.timers.filter((timer) => timer.dueMs <= nowMs);
    this.timers = this.timers.filter((timer) => timer.dueMs > nowMs);
    this.#packs = new Map();
    for (const { stage, runId, eventId, kind } of due) {
      this.run(runId).retryAtMs = null;
      this.#insert({
        stream: stage,
        type: 'delivery.repeated',
        subject: null,
        seq: null,
        runId: null,
        payload: null,
        again: { eventId, runId, kind },
      });
    }
    this.#packs = new Map();
    return due.length;
  }

  park(letter: Omit<SimLetter, 'isOpen'>): void {
    Object.assign(this.run(letter.runId), { state: 'PARKED', retryAtMs: null });
    const known = this.letters.some(
      (one) => one.isOpen && one.stage === letter.stage && one.eventId === letter.eventId,
    );
    if (!known) this.letters.push({ ...letter, isOpen: true });
  }

  replay(letter: SimLetter, nowMs: number): void {
    if (!letter.isOpen) return;
    letter.isOpen = false;
    const run = this.run(letter.runId);
    if (run.state !== 'PARKED') throw new Violation(`${run.id} has an open letter and is ${run.state}`);
    Object.assign(run, { state: letter.kind === 'RUN' ? 'RUNNING' : 'COMPENSATING', failures: 0 });
    const { stage, runId, eventId, kind } = letter;
    this.plan({ stage, runId, eventId, kind, dueMs: nowMs });
  }

  /** Numbers what has no number yet; the lock of the real one makes it one transaction. */
  stamp(): SimPack[] {
    const picked = this.#unstamped.splice(0, STAMP_MAX);
    for (const pack of picked) {
      const stream = pack[0]?.stream ?? '';
      for (const event of pack) {
        event.pubSeq = (this.heads.get(stream) ?? 0) + 1;
        this.heads.set(stream, event.pubSeq);
      }
      this.#byStream.set(stream, [...(this.#byStream.get(stream) ?? []), pack]);
    }
    return picked;
  }

  get hasUnstamped(): boolean {
    return this.#unstamped.length > 0;
  }

  /** The next packs of a stream behind a number. */
  stamped(stream: string, after: number, max: number): SimPack[] {
    const packs = this.#byStream.get(stream) ?? [];
    return packs.filter((pack) => (pack.at(-1)?.pubSeq ?? 0) > after).slice(0, max);
  }

  saveProgress(stream: string, stage: string, done: number): void {
    const known = this.progress.get(stream) ?? new Map<string, number>();
    known.set(stage, Math.max(done, known.get(stage) ?? 0));
    this.progress.set(stream, known);
  }
}
