/**
 * A port on 127.0.0.1 that nobody listens on at this moment.
 *
 * Somebody may still take it before the server does; so a start that finds it taken is tried again with another.
 */
import { createServer } from 'node:net';
import { ServerStartError } from './errors.ts';

const ATTEMPTS_MAX = 5;

/** Runs `start` with a free port, again with another when the port was taken meanwhile; at most 5 times. */
export async function withFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      const isTaken = error instanceof ServerStartError && /address already in use|could not bind/i.test(error.message);
      if (!isTaken || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port was given'));
        else resolve(address.port);
      });
    });
  });
}
