/** Bell: how a process tells its own relay that something was committed. Other processes tell it by hints (hints.ts). */

/** A bell that a loop waits on: rings are remembered until it does. */
export class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    this.#rung.resolve();
  }

  /** Waits for a ring, `timeoutMs` at most. */
  async wait(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#rung.promise, timeout]);
    clearTimeout(timer);
    // Whoever hears it looks at everything that has happened until now.
    this.#rung = Promise.withResolvers();
  }
}
