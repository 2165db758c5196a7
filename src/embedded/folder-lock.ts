/**
 * One program per data folder.
 *
 * Promise: at most one living process holds a folder; the lock of a dead one is taken over, whatever killed it, and a
 * server it left behind is ended first.
 * Life: taken → the server's process noted → released. It is a small file, `owner.json`, made by a hard link, which
 * either happens whole or not at all.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { DataFolderBusyError } from './errors.ts';
import { processBirth } from './process-birth.ts';

const TAKE_ATTEMPTS_MAX = 20;
const LEFTOVER_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

const livingProcess = z.object({ pid: z.int().positive(), birth: z.string() });
const ownerFile = z.object({ token: z.string(), owner: livingProcess, server: livingProcess.nullable() });
type OwnerFile = z.infer<typeof ownerFile>;

export interface FolderLock {
  /** Writes down the server's process, so that whoever comes after a crash can end it. */
  noteServer(pid: number): void;
  release(): void;
}

/** @throws DataFolderBusyError while another living process, or another part of this one, holds the folder */
export async function takeFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'owner.json');
  const mine: OwnerFile = {
    token: randomUUID(),
    owner: { pid: process.pid, birth: processBirth(process.pid) ?? 'unknown' },
    server: null,
  };
  for (let attempt = 0; attempt < TAKE_ATTEMPTS_MAX; attempt++) {
    if (putWhole(path, mine)) return lockOf(path, mine);
    const before = readOwner(path);
    if (before === 'gone') continue;
    if (before !== 'unreadable') {
      if (isLiving(before.owner)) throw new DataFolderBusyError(folder, before.owner.pid);
      if (before.server !== null) await endLeftover(before.server, folder);
    }
    removeStale(path, before === 'unreadable' ? undefined : before.token);
  }
  throw new DataFolderBusyError(folder, undefined);
}

function lockOf(path: string, mine: OwnerFile): FolderLock {
  return {
    noteServer(pid) {
      replaceWhole(path, { ...mine, server: { pid, birth: processBirth(pid) ?? 'unknown' } });
    },
    release() {
      const now = readOwner(path);
      if (typeof now === 'object' && now.token === mine.token) rmSync(path, { force: true });
    },
  };
}

/** The owner was killed; its watchdog has told the server to stop, which may take a moment. */
async function endLeftover(server: OwnerFile['owner'], folder: string): Promise<void> {
  const until = Date.now() + LEFTOVER_TIMEOUT_MS;
  let asked = false;
  while (isLiving(server)) {
    if (Date.now() > until) throw new DataFolderBusyError(folder, server.pid);
    if (!asked) {
      asked = true;
      // Both servers shut down cleanly on SIGINT.
      signal(server.pid, 'SIGINT');
    }
    await delay(POLL_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone meanwhile, or not ours; the wait decides.
  }
}

function isLiving(one: OwnerFile['owner']): boolean {
  const birth = processBirth(one.pid);
  return birth !== undefined && (birth === one.birth || birth === 'unknown' || one.birth === 'unknown');
}

function readOwner(path: string): OwnerFile | 'gone' | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'gone';
    throw error;
  }
  try {
    return ownerFile.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

function putWhole(path: string, content: OwnerFile): boolean {
  const draft = `${path}.${content.token}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function replaceWhole(path: string, content: OwnerFile): void {
  const draft = `${path}.${content.token}`;
  writeFileSync(draft, JSON.stringify(content), { mode: 0o600 });
  renameSync(draft, path);
}

/** Takes the stale file away; if a rival replaced it in this instant, puts the rival's back. */
function removeStale(path: string, token: string | undefined): void {
  const aside = `${path}.stale-${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const taken = readOwner(aside);
  if (typeof taken === 'object' && taken.token !== token) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one was quicker; the next round meets it.
    }
  }
  rmSync(aside, { force: true });
}
