/**
 * Pace: a child works in short turns while this process has its hands full of short work.
 *
 * The idle class keeps a child off a processor that something else wants. What processors share it takes all the same: the
 * caches, the way to the memory, and the core itself where two of the system's processors are one. So it is stopped and
 * continued from outside (SIGSTOP, SIGCONT), whatever it is doing.
 *
 * Promise: whoever ends a pace leaves the child going. A child that is stopped when its parent dies is killed by the system
 * (`boundToParent`); but for its first milliseconds, and where the file of Node itself was given capabilities, by which Linux
 * forgets that.
 */
import { type ChildProcess, execFile } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** A quarter of the time, in turns that are short beside a purchase. */
const TURN_MS = { work: 5, rest: 15 };
/** A little longer than the time between two looks. */
const TURNS_A_LOOK = 13;
const LOOK_EVERY_MS = 250;
/** Longer than it takes a child to be bound to its parent, which is the first that it does. */
const BOUND_AFTER_MS = 20;
/** Share of the time in which the event loop had work; a child alone keeps it at a twentieth. */
const BUSY_MIN = { alone: 0.05, perChild: 0.05 };

/**
 * Keeps the pace of a child that has just been started.
 * @param isBusy asked at its start and then four times a second (Default: has the event loop had work for more of the time, since it was
 * last asked, than its children give it)
 * @returns what ends it
 */
export function keepPace(child: Pick<ChildProcess, 'kill'>, isBusy: () => boolean = loopIsBusy): () => void {
  let turnsLeft = 0;
  loop.children += 1;
  let timer = setTimeout(look, BOUND_AFTER_MS);

  function look(): void {
    turnsLeft = isBusy() ? TURNS_A_LOOK : 0;
    if (turnsLeft === 0) timer = setTimeout(look, LOOK_EVERY_MS);
    else work();
  }

  function work(): void {
    turnsLeft -= 1;
    timer = setTimeout(rest, TURN_MS.work);
  }

  function rest(): void {
    child.kill('SIGSTOP');
    timer = setTimeout(goOn, TURN_MS.rest);
  }

  function goOn(): void {
    child.kill('SIGCONT');
    if (turnsLeft === 0) look();
    else work();
  }

  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    loop.children -= 1;
    clearTimeout(timer);
    child.kill('SIGCONT');
  };
}

/** One for all children: the next begins with what the last has seen. */
const loop = { before: performance.eventLoopUtilization(), lookedAt: performance.now(), isBusy: false, children: 0 };

function loopIsBusy(): boolean {
  const now = performance.now();
  if (now - loop.lookedAt < LOOK_EVERY_MS) return loop.isBusy;
  const utilization = performance.eventLoopUtilization();
  const busyMin = BUSY_MIN.alone + loop.children * BUSY_MIN.perChild;
  loop.isBusy = performance.eventLoopUtilization(utilization, loop.before).utilization >= busyMin;
  loop.before = utilization;
  loop.lookedAt = now;
  return loop.isBusy;
}

let asked: Promise<readonly string[] | null> | null = null;

/**
 * What makes the system kill a child when this process dies, though it is stopped and cannot see that for itself (Linux,
 * by util-linux).
 * @returns words to begin a command with; null where there is no such thing, and no child may be stopped
 */
export function boundToParent(): Promise<readonly string[] | null> {
  asked ??= ask().catch(() => null);
  return asked;
}

async function ask(): Promise<readonly string[] | null> {
  const [file, ...args] = BIND;
  return new Promise((resolve) => {
    // Looked for where the child will look, which is given no environment.
    execFile(file, [...args, 'true'], { env: {} }, (error) => resolve(error === null ? BIND : null));
  });
}

const BIND = ['setpriv', '--pdeathsig', 'KILL'] as const;
