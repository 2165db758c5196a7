/**
 * Tells one process from a later one that was given the same number.
 *
 * A process number alone is not enough: after a reboot, and in a container nearly always, it belongs to somebody else.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** @returns a word unique to this run of the process; `undefined` when none of that number lives */
export function processBirth(pid: number): string | undefined {
  if (!isSignalable(pid)) return undefined;
  if (!existsSync('/proc/self/stat')) return ask(pid, 'lstart=') ?? 'unknown';
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything, so fields are counted from its end; the 22nd is the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${fields[19] ?? ''}`;
  } catch {
    return isSignalable(pid) ? 'unknown' : undefined;
  }
}

/** @returns the command line of a living process; empty when it cannot be read */
export function commandLine(pid: number): string {
  if (!existsSync('/proc/self/stat')) return ask(pid, 'command=') ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function isSignalable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function ask(pid: number, field: string): string | undefined {
  try {
    return execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 }).trim();
  } catch {
    return undefined;
  }
}
