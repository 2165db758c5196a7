/**
 * A disk of a few megabytes that can be filled and emptied: a file system in memory, mounted in the row's folder.
 *
 * Only root may mount one; elsewhere there is none, and the row says so.
 */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { unprivilegedAccount } from '../../../src/embedded/account.ts';
import type { FaultContext } from './row.ts';

const execute = promisify(execFile);
const CHUNK_BYTES = 64 * 1024;

export interface SmallDisk {
  readonly path: string;
  /** Takes whatever room is left. */
  fill(): Promise<void>;
  empty(): Promise<void>;
}

/** @returns null where this user may not mount */
export async function openSmallDisk(context: FaultContext, path: string, sizeBytes: number): Promise<SmallDisk | null> {
  const account = await unprivilegedAccount();
  if (!account || process.platform !== 'linux') return null;
  await mkdir(path, { recursive: true });
  try {
    await execute('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path]);
  } catch {
    return null;
  }
  context.keep({ stop: () => execute('umount', ['--lazy', path]) });
  await chmod(path, 0o777);
  await chown(path, account.uid, account.gid);
  const filler = join(path, 'filler');
  return {
    path,
    fill: async () => {
      for (;;) {
        try {
          await writeFile(filler, new Uint8Array(CHUNK_BYTES), { flag: 'a' });
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return;
          throw error;
        }
      }
    },
    empty: () => rm(filler, { force: true }),
  };
}
