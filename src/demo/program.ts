/** A running Booky Hub for the demo: one that answers already, else one of its own for as long as the demo lasts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ApiRefusal } from './client.ts';

const DEFAULT_URL = 'http://localhost:4000';
const PROBE_TIMEOUT_MS = 2_000;
const START_TIMEOUT_MS = 120_000;

export interface Program {
  url: string;
  stop(): Promise<void>;
}

export async function findOrStart(url: string | undefined, say: (line: string) => void): Promise<Program> {
  const wanted = (url ?? DEFAULT_URL).replace(/\/$/, '');
  if (await isBookyHub(wanted)) return { url: wanted, stop: async () => {} };
  if (url !== undefined) throw new ApiRefusal(`No Booky Hub answers at ${url}. Start one with: npm start`);
  say('No Booky Hub is running; starting one for this demo …');
  return startOwn();
}

const isBookyHub = (url: string): Promise<boolean> =>
  fetch(`${url}/readyz`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    .then((response) => response.ok)
    .catch(() => false);

async function startOwn(): Promise<Program> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let heard = '';
  child.stdout.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
    const found = /GraphiQL\s+(\S+)\/graphql/.exec(heard);
    if (found?.[1] !== undefined) resolve(found[1]);
  });
  child.once('exit', () => reject(new ApiRefusal('Booky Hub did not start; what it said stands above.')));
  const timer = setTimeout(() => reject(new ApiRefusal('Booky Hub took too long to start.')), START_TIMEOUT_MS);
  const stop = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  try {
    return { url: await promise, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
