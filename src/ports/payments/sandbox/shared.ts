/**
 * One sandbox gateway for all processes of a data folder.
 *
 * Whoever comes first keeps the books and serves; the others find its address in the folder. When it dies, the next call
 * of any other takes the books over, on the same port if it is free, so that the links that buyers were given still work.
 * Nothing is lost: the books are a journal on disk.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GatewayUnavailableError } from '../gateway.ts';
import type { PaymentProvider } from '../provider.ts';
import { SandboxBooksInUseError } from './books-lock.ts';
import { createSandboxGatewayClient } from './client.ts';
import { type SandboxGatewayLog, startSandboxGateway } from './server.ts';

export interface SharedSandboxOptions {
  /** Folder of the books. */
  readonly booksPath: string;
  readonly log: SandboxGatewayLog;
  /** Where the shop hears of what people do at the sandbox. (Default: nowhere) */
  readonly notices?: { readonly url: string; readonly secret: string } | undefined;
  /** Of one call. (Default: 10,000 ms) */
  readonly timeoutMs?: number | undefined;
}

const ADDRESS_FILE = 'address';
/** The keeper of the books writes its address a moment after it has taken them. */
const ADDRESS_LOOKS = 50;
const ADDRESS_LOOK_EVERY_MS = 100;

interface Keeper {
  url: string;
  stop(): Promise<void>;
}

export async function openSharedSandbox(
  options: SharedSandboxOptions,
): Promise<PaymentProvider & { stop(): Promise<void> }> {
  let own: Keeper | null = null;
  let client = await connect();

  async function connect(): Promise<PaymentProvider> {
    const found = await findOrKeep(options);
    if (typeof found !== 'string') own = found;
    const url = typeof found === 'string' ? found : found.url;
    return createSandboxGatewayClient({ url, timeoutMs: options.timeoutMs });
  }

  /** Calls the gateway; if it is gone, sees who keeps the books now, so that the next try finds it. */
  async function call<Answer>(ask: (gateway: PaymentProvider) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(client);
    } catch (error) {
      if (error instanceof GatewayUnavailableError && own === null) client = await connect();
      throw error;
    }
  }

  return {
    name: client.name,
    authorize: (request) => call((gateway) => gateway.authorize(request)),
    capture: (request) => call((gateway) => gateway.capture(request)),
    void: (request) => call((gateway) => gateway.void(request)),
    refund: (request) => call((gateway) => gateway.refund(request)),
    lookup: (request) => call((gateway) => gateway.lookup(request)),
    openPayee: (request) => call((gateway) => gateway.openPayee(request)),
    lookupPayee: (request) => call((gateway) => gateway.lookupPayee(request)),
    pay: (request) => call((gateway) => gateway.pay(request)),
    lookupPayout: (request) => call((gateway) => gateway.lookupPayout(request)),
    lookupDispute: (request) => call((gateway) => gateway.lookupDispute(request)),
    movements: (request) => call((gateway) => gateway.movements(request)),
    checkHealth: (request) => call((gateway) => gateway.checkHealth(request)),
    stop: async () => own?.stop(),
  };
}

/** Keeps the books if nobody does, else finds the address of who does. */
async function findOrKeep({ booksPath, log, notices }: SharedSandboxOptions): Promise<Keeper | string> {
  const addressPath = join(booksPath, ADDRESS_FILE);
  for (let looks = 0; looks < ADDRESS_LOOKS; looks++) {
    const known = await readFile(addressPath, 'utf8').catch(() => null);
    try {
      const keeper = await keep({ booksPath, log, notices }, known);
      await writeFile(`${addressPath}.new`, keeper.url);
      await rename(`${addressPath}.new`, addressPath);
      return keeper;
    } catch (error) {
      if (!(error instanceof SandboxBooksInUseError)) throw error;
    }
    if (known !== null && (await isAnswering(known))) return known;
    await delay(ADDRESS_LOOK_EVERY_MS);
  }
  throw new GatewayUnavailableError('The sandbox gateway is kept by another process that does not answer.');
}

async function keep(options: SharedSandboxOptions, known: string | null): Promise<Keeper> {
  const port = known !== null && URL.canParse(known) ? Number(new URL(known).port) : 0;
  try {
    return await startSandboxGateway({ ...options, port });
  } catch (error) {
    const isPortTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!isPortTaken || port === 0) throw error;
    return startSandboxGateway(options);
  }
}

const isAnswering = (url: string): Promise<boolean> =>
  createSandboxGatewayClient({ url, timeoutMs: 1_000 })
    .checkHealth()
    .then(() => true)
    .catch(() => false);
