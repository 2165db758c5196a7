/**
 * One sandbox gateway for all processes of a data folder.
 *
 * Whoever comes first keeps the books and serves; the others find its address in the folder. When it dies, the next call
 * of any other takes the books over, so that purchases go on. Nothing is lost: the books are a journal on disk.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewayUnavailableError, type PaymentGateway } from '../gateway.ts';
import { SandboxBooksInUseError } from './books-lock.ts';
import { createSandboxGatewayClient } from './client.ts';
import { startSandboxGateway, type SandboxGatewayLog } from './server.ts';

export interface SharedSandboxOptions {
  /** Folder of the books. */
  readonly booksPath: string;
  readonly log: SandboxGatewayLog;
  /** Of one call. (Default: 10,000 ms) */
  readonly timeoutMs?: number | undefined;
}

const ADDRESS_FILE = 'address';

export async function openSharedSandbox(
  options: SharedSandboxOptions,
): Promise<PaymentGateway & { stop(): Promise<void> }> {
  const { booksPath, log } = options;
  const addressPath = join(booksPath, ADDRESS_FILE);
  let own: { url: string; stop(): Promise<void> } | null = null;
  let client = await connect();

  async function connect(): Promise<PaymentGateway> {
    try {
      own = await startSandboxGateway({ booksPath, log });
      await writeFile(addressPath, own.url);
    } catch (error) {
      if (!(error instanceof SandboxBooksInUseError)) throw error;
    }
    const url = own?.url ?? (await readFile(addressPath, 'utf8'));
    return createSandboxGatewayClient({ url, timeoutMs: options.timeoutMs });
  }

  /** Calls the gateway; if it is gone, sees who keeps the books now, so that the next try finds it. */
  async function call<Answer>(ask: (gateway: PaymentGateway) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(client);
    } catch (error) {
      if (error instanceof GatewayUnavailableError && own === null) client = await connect();
      throw error;
    }
  }

  return {
    authorize: (request) => call((gateway) => gateway.authorize(request)),
    capture: (request) => call((gateway) => gateway.capture(request)),
    void: (request) => call((gateway) => gateway.void(request)),
    refund: (request) => call((gateway) => gateway.refund(request)),
    lookup: (request) => call((gateway) => gateway.lookup(request)),
    checkHealth: (request) => call((gateway) => gateway.checkHealth(request)),
    stop: async () => own?.stop(),
  };
}
