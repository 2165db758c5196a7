/**
 * A program that owns private servers, for the tests to kill: starts both in DATA_DIR, prints their addresses as one
 * line of JSON, then stays until it is told to end. Prints the error's code and exits 1 when it cannot start.
 */
import { EmbeddedServiceError } from '../../src/embedded/errors.ts';
import { startServices } from '../../src/embedded/services.ts';

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

try {
  const services = await startServices(
    { DATA_DIR: process.argv[2] ?? '', DATABASE_URL: undefined, REDIS_URL: undefined },
    quiet,
  );
  process.once('SIGTERM', () => void services.stop().then(() => process.exit(0)));
  console.log(JSON.stringify({ databaseUrl: services.databaseUrl, redisUrl: services.redisUrl }));
  setInterval(() => {}, 60_000);
} catch (error) {
  console.log(
    JSON.stringify({ code: error instanceof EmbeddedServiceError ? error.code : 'UNKNOWN', message: String(error) }),
  );
  process.exit(1);
}
