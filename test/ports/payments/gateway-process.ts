/** A sandbox gateway in a process of its own, for tests that kill it: node gateway-process.ts BOOKS_PATH. */
import { startSandboxGateway } from '../../../src/ports/payments/sandbox/server.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const { url } = await startSandboxGateway({ booksPath: process.argv[2] ?? '', log: silent });
process.stdout.write(`${url}\n`);
