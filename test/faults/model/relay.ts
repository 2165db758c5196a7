/**
 * Relay: stamps, appends, repairs and trims in the simulated world, in the order of relay.ts and trim.ts, with a point
 * before every call. All it decides it asks of src/streams/decide.ts. Two of them at once are allowed.
 */
import {
  admits,
  afterAppend,
  finishedUpTo,
  judgeStream,
  NO_STAGE,
  refillAfter,
  trimUpTo,
} from '../../../src/streams/decide.ts';
import { type Delivery, encodePack, toDeliveries } from '../../../src/streams/delivery.ts';
import type { SimEntry } from './broker.ts';
import type { SimEvent, SimPack } from './store.ts';
import type { Chance } from './scheduler.ts';
import { Violation } from './violation.ts';
import type { Ground } from './worker.ts';

const APPEND_MAX = 2;
const TAIL_ENTRIES = 2;

/** Redis did not answer, or its answer was lost. */
class RedisLost extends Error {}

export class Relay {
  readonly #ground: Ground;
  readonly #name: string;
  #life = 0;

  constructor(ground: Ground, name: string) {
    this.#ground = ground;
    this.#name = name;
  }

  get process(): string {
    return `${this.#name}.${this.#life}`;
  }

  get isIdle(): boolean {
    return this.#ground.scheduler.isIdle(this.process);
  }

  crash(chance: Chance): void {
    this.#ground.scheduler.crash(this.process, chance);
    this.#life += 1;
  }

  /** True when some stream is not as the store says. */
  get hasToRepair(): boolean {
    const { store, broker } = this.#ground;
    return [...store.heads].some(
      ([stream, last]) => broker.lastOf(stream) !== last && this.#missing(stream, broker.lastOf(stream)),
    );
  }

  #missing(stream: string, last: number): boolean {
    const { store } = this.#ground;
    return store.stamped(stream, refillAfter(last, this.#readers(stream), this.#progress(stream)), 1).length > 0;
  }

  #start(work: () => Promise<void>): void {
    this.#ground.scheduler.spawn(async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof RedisLost)) throw error;
      }
    });
  }

  send(): void {
    this.#start(async () => {
      await this.#point('stamp');
      const streams = Map.groupBy(this.#ground.store.stamp(), (pack) => pack[0]?.stream ?? '');
      for (const [stream, packs] of streams) await this.#sendStream(stream, packs);
    });
  }

  async #sendStream(stream: string, packs: readonly SimPack[]): Promise<void> {
    for (let at = 0; at < packs.length; at += APPEND_MAX) {
      const chunk = packs.slice(at, at + APPEND_MAX);
      const first = chunk[0]?.[0]?.pubSeq ?? 0;
      const next = afterAppend(await this.#append(stream, first - 1, chunk));
      if (next.kind === 'REFILL') return this.#refill(stream, next.lastInRedis);
    }
  }

  repair(): void {
    this.#start(async () => {
      await this.#point('heads');
      const heads = [...this.#ground.store.heads];
      await this.#point('lasts');
      const lasts = heads.map(([stream]) => this.#ground.broker.lastOf(stream));
      for (const [index, [stream, last]] of heads.entries()) {
        const inRedis = lasts[index] ?? 0;
        if (judgeStream(inRedis, last) === 'BEHIND') await this.#refill(stream, inRedis);
      }
    });
  }

  async #refill(stream: string, lastInRedis: number): Promise<void> {
    let last = lastInRedis;
    for (;;) {
      if (last === 0) await this.#point('progress');
      const after = refillAfter(last, this.#readers(stream), this.#progress(stream));
      await this.#point('read');
      const packs = this.#ground.store.stamped(stream, after, APPEND_MAX);
      if (packs.length === 0) return;
      last = (await this.#append(stream, last, packs)).last;
    }
  }

  #readers(stream: string): string[] {
    return this.#ground.registry.readersOf(stream).map((seat) => seat.id);
  }

  #progress(stream: string): ReadonlyMap<string, number> {
    return this.#ground.store.progress.get(stream) ?? new Map();
  }

  async #append(stream: string, expected: number, packs: readonly SimPack[]) {
    const chance = await this.#point('append');
    if (!chance.calm && chance.number % 15 === 0) throw new RedisLost();
    const events = packs.flat();
    for (const [index, event] of events.entries()) {
      if (event.pubSeq !== (events[0]?.pubSeq ?? 0) + index) throw new Violation(`${stream} was sent out of order`);
    }
    const answer = this.#ground.broker.compareAndAppend(
      stream,
      expected,
      packs.map((pack) => ({
        number: pack.at(-1)?.pubSeq ?? 0,
        count: pack.length,
        fields: encodePack(pack.map((event) => this.#wire(event))),
      })),
    );
    if (!chance.calm && chance.number % 15 === 1) throw new RedisLost();
    return answer;
  }

  #wire(event: SimEvent) {
    const original = event.again ? this.#ground.store.events[event.again.eventId - 1] : event;
    if (!original) throw new Violation('a repeated delivery repeats nothing');
    return {
      id: original.id,
      type: original.type,
      subject: original.subject ?? '',
      seq: original.seq ?? 0,
      runId: event.again ? event.again.runId : original.runId,
      stage: null,
      attempts: null,
      durationMs: null,
      payload: original.payload,
      createdAt: '2026-01-01T00:00:00.000Z',
      again: event.again?.kind ?? null,
    };
  }

  trim(): void {
    this.#start(async () => {
      const { store, broker, registry } = this.#ground;
      await this.#point('heads');
      for (const [stream, last] of store.heads) {
        const finished: number[] = [];
        for (const seat of registry.readersOf(stream)) {
          await this.#point('group');
          const done = finishedUpTo(broker.groupState(stream, seat.id), last);
          finished.push(done);
          await this.#point('save');
          store.saveProgress(stream, seat.id, done);
        }
        if (finished.length === 0) store.saveProgress(stream, NO_STAGE, last);
        await this.#point('trim');
        this.#checkTrimmed(stream, broker.trim(stream, trimUpTo(last, finished, TAIL_ENTRIES)));
      }
    });
  }

  /** What some stage could still work on is not forgotten, whatever its group in Redis believes. */
  #checkTrimmed(stream: string, entries: readonly SimEntry[]): void {
    const { store, registry } = this.#ground;
    for (const { number, fields } of entries) {
      for (const seat of registry.readersOf(stream)) {
        const entry = { stream, streamKey: stream, entryId: `${number}`, fields };
        for (const delivery of toDeliveries(seat, entry) ?? []) {
          const run = store.get(delivery.runId);
          if (run ? !admits(run, delivery, seat.id) : !delivery.startsRun) continue;
          if (!this.#isRepeated(delivery, stream, number)) {
            throw new Violation(`${stream} ${number} was trimmed before ${seat.id} had finished it`);
          }
        }
      }
    }
  }

  /** A later try of the same event, sent by a timer, carries the run on in its place. */
  #isRepeated({ runId, eventId, kind }: Delivery, stream: string, number: number): boolean {
    return this.#ground.store.events.some(
      ({ again, stream: on, pubSeq }) =>
        again?.runId === runId &&
        again.eventId === eventId &&
        again.kind === kind &&
        (on !== stream || (pubSeq ?? Number.POSITIVE_INFINITY) > number),
    );
  }

  #point(label: string): Promise<Chance> {
    return this.#ground.scheduler.point(this.process, label);
  }
}
