/**
 * Scheduler: threads of a simulated world that stop at every place where something else may come first.
 *
 * A thread is an async function that awaits `point()` before each call to the database, the broker or the gateway. One
 * thread runs at a time, up to its next point; which one goes on is decided outside. A crash drops the threads of a
 * process where they stand: their promises never settle. So a list of numbers replays a world exactly.
 */

/** What a step was given to decide with: 32 random bits, or `calm` once faults have stopped. */
export interface Chance {
  readonly calm: boolean;
  readonly number: number;
}

interface Point {
  readonly process: string;
  readonly label: string;
  readonly resume: (chance: Chance) => void;
  /** What may still happen when the process dies here, such as a request that is on its way. */
  readonly onCrash: ((chance: Chance) => void) | undefined;
}

export class Scheduler {
  #points: Point[] = [];
  #running = 0;
  /** An error that no thread caught: a fault of the model itself. */
  fault: unknown = null;

  get waiting(): number {
    return this.#points.length;
  }

  /** Starts a thread of a process. */
  spawn(work: () => Promise<void>): void {
    this.#running += 1;
    work().then(
      () => {
        this.#running -= 1;
      },
      (error: unknown) => {
        this.#running -= 1;
        this.fault ??= error;
      },
    );
  }

  /** Waits until it is this thread's turn. */
  point(process: string, label: string, onCrash?: (chance: Chance) => void): Promise<Chance> {
    this.#running -= 1;
    const { promise, resolve } = Promise.withResolvers<Chance>();
    this.#points.push({ process, label, resume: resolve, onCrash });
    return promise;
  }

  /** Lets the nth waiting thread go on to its next point. */
  async resume(index: number, chance: Chance): Promise<void> {
    const [point] = this.#points.splice(index % this.#points.length, 1);
    if (!point) return;
    this.#running += 1;
    point.resume(chance);
    await this.settle();
  }

  /** Runs until every thread waits or has ended. */
  async settle(): Promise<void> {
    while (this.#running > 0) await Promise.resolve();
    if (this.fault !== null) throw this.fault;
  }

  crash(process: string, chance: Chance): void {
    for (const point of this.#points.filter((one) => one.process === process)) point.onCrash?.(chance);
    this.#points = this.#points.filter((one) => one.process !== process);
  }

  isIdle(process: string): boolean {
    return this.#points.every((one) => one.process !== process);
  }
}
