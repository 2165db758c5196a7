/**
 * Process memory: how much of the machine another process holds now.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PS_TIMEOUT_MS = 2_000;

/** @returns resident memory in MB; null when the process is gone or the system does not say */
export async function readMemoryMb(pid: number): Promise<number | null> {
  const kib = process.platform === 'linux' ? await readProc(pid) : await askPs(pid);
  return kib === null ? null : Math.round(kib / 1024);
}

async function readProc(pid: number): Promise<number | null> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'latin1');
    return toNumber(/^VmRSS:\s+(?<kib>\d+) kB/mu.exec(status)?.[1]);
  } catch {
    return null;
  }
}

async function askPs(pid: number): Promise<number | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)], { timeout: PS_TIMEOUT_MS });
    return toNumber(stdout.trim());
  } catch {
    return null;
  }
}

function toNumber(text: string | undefined): number | null {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isNaN(value) ? null : value;
}
