/**
 * World: a store, a broker, a bank, two workers and two relays, moved on by a list of numbers.
 *
 * Each number picks one of the things that could happen next: a waiting call returns, somebody reads, time passes, or a
 * fault. The same numbers give the same world. Safety mode stops there, every promise watched at each step. Liveness mode
 * then lets faults stop and asks that everything ends.
 */
import { type Random, seededRandom } from '../harness/random.ts';
import { createRegistry } from '../../../src/streams/registry.ts';
import { Bank } from './bank.ts';
import { Broker } from './broker.ts';
import { placed, TOKENS, workflows } from './business.ts';
import { Relay } from './relay.ts';
import { type Chance, Scheduler } from './scheduler.ts';
import { Store } from './store.ts';
import { Violation } from './violation.ts';
import { Witness } from './witness.ts';
import { type Ground, Worker } from './worker.ts';

export type Mode = 'SAFETY' | 'LIVENESS';

/** Weather without which little would happen. */
const NEVER_FAILS = new Set(['order', 'replay', 'time passes', 'buyer decides']);
const NUMBER_MAX = 2 ** 31 - 1;
const ORDERS_MAX = 4;
const CALM: Chance = { calm: true, number: 7 };
const LANDS_ONE_IN = 40;
const CALM_STEPS_MAX = 20_000;

interface Step {
  readonly weight: number;
  readonly label: string;
  take(chance: Chance): void | Promise<void>;
}

class World {
  readonly ground: Ground;
  readonly workers: Worker[];
  readonly relays: Relay[];
  readonly #often = new Map<string, number>();
  readonly #random: Random;
  #nowMs = 0;
  #orders = 0;

  /** @param random decides, once, how often each kind of weather comes in this world, if at all */
  constructor(random: Random) {
    this.#random = random;
    const scheduler = new Scheduler();
    const witness = new Witness();
    const registry = createRegistry(workflows);
    const nowMs = () => this.#nowMs;
    this.ground = {
      scheduler,
      witness,
      registry,
      nowMs,
      store: new Store(),
      broker: new Broker(),
      bank: new Bank(scheduler, { late: random.pick([1, 1, 5]), refusing: random.pick([0, 1, 4]) }),
    };
    this.workers = ['a', 'b'].map((name) => new Worker(this.ground, name));
    this.relays = ['r', 's'].map((name) => new Relay(this.ground, name));
  }

  #placeOrder(chance: Chance): void {
    const order = `o${this.#orders}`;
    this.#orders += 1;
    const token = TOKENS[(chance.number >>> 4) % TOKENS.length] ?? 'tok_succeeds';
    this.ground.store.append([placed.of({ order, token })], null);
    this.ground.witness.placed(order, this.#nowMs);
  }

  #advanceTime(): void {
    const due = this.ground.store.timers.map((timer) => timer.dueMs);
    if (due.length > 0) this.#nowMs = Math.max(this.#nowMs, Math.min(...due));
  }

  /** What the program itself would do next. */
  #work(calm: boolean): Step[] {
    const { scheduler, store } = this.ground;
    const steps: Step[] = [];
    if (scheduler.waiting > 0) {
      steps.push({ weight: 40, label: 'go on', take: (chance) => scheduler.resume(chance.number >>> 10, chance) });
    }
    for (const worker of this.workers) {
      // While faults last, a consumer may seem dead and be alive: its entries are taken over although it works on them.
      const places = worker.readable(calm ? this.workers.map((one) => one.process) : [worker.process]);
      if (places.length === 0) continue;
      steps.push({
        weight: 8,
        label: 'read',
        take: ({ number }) => {
          const place = places[(number >>> 10) % places.length];
          if (place) worker.read(place, calm);
        },
      });
    }
    for (const relay of this.relays) {
      if (!relay.isIdle) continue;
      if (store.hasUnstamped) steps.push({ weight: 6, label: 'send', take: () => relay.send() });
      if (relay.hasToRepair) steps.push({ weight: 4, label: 'repair', take: () => relay.repair() });
    }
    if (store.timers.some((timer) => timer.dueMs <= this.#nowMs)) {
      steps.push({ weight: 6, label: 'fire', take: () => void store.fireTimers(this.#nowMs) });
    }
    return steps;
  }

  /** What happens around it, faults included. */
  #weather(): Step[] {
    const { store, broker, bank } = this.ground;
    const letter = store.letters.find((one) => one.isOpen);
    return [
      ...(this.#orders < ORDERS_MAX
        ? [{ weight: 6, label: 'order', take: (chance: Chance) => this.#placeOrder(chance) }]
        : []),
      ...(bank.underway > 0
        ? [{ weight: 6, label: 'land', take: ({ number }: Chance) => bank.land(number >>> 10) }]
        : []),
      ...(letter ? [{ weight: 2, label: 'replay', take: () => store.replay(letter, this.#nowMs) }] : []),
      { weight: 2, label: 'buyer decides', take: ({ number }) => void bank.decide((number >>> 10) % 3 > 0) },
      { weight: 4, label: 'time passes', take: () => this.#advanceTime() },
      ...this.relays
        .filter((relay) => relay.isIdle)
        .map((relay) => ({ weight: 2, label: 'trim', take: () => relay.trim() })),
      ...this.workers.map((worker) => ({
        weight: 2,
        label: 'worker dies',
        take: (chance: Chance) => worker.crash(chance),
      })),
      ...this.relays.map((relay) => ({
        weight: 1,
        label: 'relay dies',
        take: (chance: Chance) => relay.crash(chance),
      })),
      { weight: 2, label: 'Redis forgets', take: () => this.#redis(() => broker.lose()) },
      { weight: 2, label: 'replica catches up', take: () => broker.replicate() },
      { weight: 1, label: 'failover', take: () => this.#redis(() => broker.failOver()) },
    ];
  }

  /** Worlds differ: in most, some faults never come and others come often, so that each meets every other. */
  #oftenOf(label: string): number {
    const known = this.#often.get(label);
    if (known !== undefined) return known;
    const often = this.#random.pick(NEVER_FAILS.has(label) ? [1, 1, 3] : [0, 0, 1, 3]);
    this.#often.set(label, often);
    return often;
  }

  #redis(fault: () => void): void {
    fault();
    for (const worker of this.workers) worker.reconnect();
  }

  async step(number: number, trace: string[] | null): Promise<void> {
    const weather = this.#weather().map((step) => ({ ...step, weight: step.weight * this.#oftenOf(step.label) }));
    const steps = [...this.#work(false), ...weather];
    let place = number % steps.reduce((sum, step) => sum + step.weight, 0);
    const step = steps.find(({ weight }) => (place -= weight) < 0);
    trace?.push(step?.label ?? '');
    await step?.take({ calm: false, number: Math.imul(number, 0x9e3779b1) >>> 0 });
    await this.ground.scheduler.settle();
    this.ground.witness.checkBooks(this.ground.bank);
  }

  /** Faults have stopped: works on until nothing is left to do. */
  async calmDown(): Promise<void> {
    const { scheduler, store, bank } = this.ground;
    for (const worker of this.workers) worker.reconnect();
    for (let steps = 0; steps < CALM_STEPS_MAX; steps++) {
      const work = this.#work(true);
      const next = work[steps % Math.max(1, work.length)];
      const letter = store.letters.find((one) => one.isOpen);
      // A late request may still come at any moment.
      if (bank.underway > 0 && this.#random.whole(0, LANDS_ONE_IN) === 0) bank.land(0);
      else if (next) await next.take({ ...CALM, number: (steps << 10) + 7 });
      else if (bank.underway > 0) bank.land(0);
      else if (letter) store.replay(letter, this.#nowMs);
      else if (store.timers.length > 0) this.#advanceTime();
      else return;
      await scheduler.settle();
    }
    throw new Violation('the world never comes to rest');
  }
}

/**
 * @param seed of the numbers that move the world
 * @param trace is told what each step was
 * @throws Violation when a promise was broken
 */
export async function runWorld(mode: Mode, seed: number, steps: number, trace: string[] | null = null): Promise<void> {
  const random = seededRandom(seed);
  const world = new World(random);
  for (let step = 0; step < steps; step++) await world.step(random.whole(0, NUMBER_MAX), trace);
  if (mode === 'SAFETY') return;
  await world.calmDown();
  world.ground.witness.checkEnd(world.ground.store, world.ground.bank);
}
