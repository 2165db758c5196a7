/**
 * What can go wrong with the private servers, each with a stable `code` and words that say what to do.
 */
export class EmbeddedServiceError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Another living program uses the data folder. */
export class DataFolderBusyError extends EmbeddedServiceError {
  constructor(folder: string, ownerPid: number | undefined) {
    const owner = ownerPid === undefined ? 'another program' : `another Booky Hub (process ${ownerPid})`;
    super(
      'DATA_FOLDER_BUSY',
      `The data folder ${folder} is in use by ${owner}. Stop that one first, or give this one a folder of its own with DATA_DIR.`,
    );
  }
}

/** The data folder cannot be made, entered or written. */
export class DataFolderUnusableError extends EmbeddedServiceError {
  constructor(folder: string, why: string, options?: ErrorOptions) {
    super('DATA_FOLDER_UNUSABLE', `The data folder ${folder} cannot be used: ${why}`, options);
  }
}

/** The server's program was found but did not come up; carries the end of its own log. */
export class ServerStartError extends EmbeddedServiceError {
  constructor(server: string, why: string, logFile: string, lastLines: string) {
    const said = lastLines === '' ? 'It wrote nothing to its log.' : `Its last words:\n${lastLines}`;
    super('SERVER_START_FAILED', `The private ${server} did not start: ${why}. ${said}\nWhole log: ${logFile}`);
  }
}

/** No PostgreSQL program for this machine. */
export class PostgresMissingError extends EmbeddedServiceError {
  constructor(why: string) {
    super(
      'POSTGRES_NOT_FOUND',
      `There is no private PostgreSQL for this machine: ${why}. ` +
        'Run `npm install` with optional dependencies, or set DATABASE_URL=postgres://… to a server of your own.',
    );
  }
}

/** No Redis program, and none could be fetched. */
export class RedisMissingError extends EmbeddedServiceError {
  constructor(why: string) {
    super(
      'REDIS_NOT_FOUND',
      `There is no Redis 6.2 or newer on this machine (${why}). ${redisInstallLine()} ` +
        'Or set REDIS_URL=redis://… to a server of your own. Then run the same command again.',
    );
  }
}

function redisInstallLine(): string {
  if (process.platform === 'darwin') return 'Install it with: brew install redis';
  if (process.platform !== 'linux') return 'Private servers are for Linux and macOS.';
  return (
    'Install it with your package manager, for instance: sudo apt-get install redis-server ' +
    '(Fedora: sudo dnf install valkey; Arch: sudo pacman -S valkey; Alpine: apk add redis).'
  );
}
