/**
 * Lets one process at a time keep the books of a folder.
 *
 * The lock is a local socket named after the folder, which the kernel closes with its holder, kill -9 included. On Linux
 * the name is abstract, without a file, so of any number of rivals exactly one gets it. Elsewhere the socket is a file
 * that a killed holder leaves behind; one that nobody answers on is taken over, and there two rivals in the same instant
 * could both succeed. Processes of different containers do not see each other: give them one gateway by its URL.
 */
import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SandboxBooksInUseError extends Error {
  override readonly name = 'SandboxBooksInUseError';
  readonly code = 'SANDBOX_BOOKS_IN_USE';
}

/** @throws SandboxBooksInUseError while another process keeps these books */
export async function lockBooks(booksPath: string): Promise<{ release(): Promise<void> }> {
  const folder = await realpath(booksPath);
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  const isAbstract = process.platform === 'linux';
  const socketPath = isAbstract ? `\0booky-hub-gateway-${name}` : join(tmpdir(), `booky-hub-gateway-${name}.sock`);
  let server = await listen(socketPath);
  if (server === null && !isAbstract && !(await isAnswered(socketPath))) {
    await rm(socketPath, { force: true });
    server = await listen(socketPath);
  }
  if (server === null) {
    throw new SandboxBooksInUseError(
      `Another sandbox gateway keeps its books in ${folder}. Stop it, use it by its URL, or choose another folder.`,
    );
  }
  const held = server;
  return {
    release: () =>
      new Promise((resolve) => {
        held.close(() => resolve());
      }),
  };
}

function listen(socketPath: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(socketPath, () => {
      server.unref();
      resolve(server);
    });
  });
}

function isAnswered(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}
