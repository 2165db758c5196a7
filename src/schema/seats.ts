/** Seats: how many subscriptions a caller has open at once. One count a process. */
export interface Seats {
  /** @returns what gives the seat back; null when all are taken */
  take(caller: string): (() => void) | null;
  /** All that are taken, for health and tests. */
  readonly taken: number;
}

export function createSeats(max: number): Seats {
  const byCaller = new Map<string, number>();
  let taken = 0;
  return {
    take(caller) {
      const count = byCaller.get(caller) ?? 0;
      if (count >= max) return null;
      byCaller.set(caller, count + 1);
      taken += 1;
      let left = false;
      return () => {
        if (left) return;
        left = true;
        taken -= 1;
        const rest = (byCaller.get(caller) ?? 1) - 1;
        if (rest > 0) byCaller.set(caller, rest);
        else byCaller.delete(caller);
      };
    },
    get taken() {
      return taken;
    },
  };
}
