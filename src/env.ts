/**
 * Configuration: every environment variable the program reads, in one schema.
 *
 * Promise: all faults are told at once, in plain words, and no secret is repeated in them. An empty value counts as not
 * set. `.env.example` is printed from here: test/env.test.ts compares it, and writes it anew with `-u`.
 * Not here: what follows from the values (src/embedded starts servers, src/ports opens gateways).
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { SIGN_IN_PAIRS, SIGN_IN_SECRETS, signInVariables } from './env/sign-in.ts';
import { isNearly } from './env/spelling.ts';
import { amounts, cron, origins, text, url, whole } from './env/values.ts';

const projectFolder = fileURLToPath(new URL('..', import.meta.url));

const optional = (schema: z.ZodType<string, string>) => schema.optional();

const schema = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'], 'must be development, test or production')
    .prefault('development')
    .describe('development, test or production.'),
  HOST: text.prefault('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all.'),
  PORT: whole(0, 65_535).prefault('4000').describe('Port to listen on; 0 takes any free one.'),
  PUBLIC_URL: optional(url('http', 'https')).describe(
    'The address that users see, for links and signed URLs. (Default: http://localhost:PORT)',
  ),
  TRUST_PROXY: whole(0, 10)
    .prefault('0')
    .describe(
      'Proxies of yours before the API, each of which adds to X-Forwarded-For; 0 believes no such header. Limits per address need it behind a load balancer.',
    ),
  CORS_ORIGINS: origins
    .prefault('')
    .describe('Origins whose pages may call the API, separated by commas. (Default: none but our own)'),
  APP_SECRET: optional(text.min(32, 'must be 32 characters or more; `openssl rand -hex 32` makes one')).describe(
    'Signs tokens and download links; 32 characters or more. Required in production. (Default elsewhere: made once, kept in DATA_DIR/secret)',
  ),
  APP_SECRET_PREVIOUS: optional(text.min(32, 'must be 32 characters or more')).describe(
    'The APP_SECRET before this one: what it signed and sealed stays good, nothing new is signed with it. Take it away when its links have run out.',
  ),
  ...signInVariables,
  ADMIN_EMAIL: z
    .email('must be an e-mail address')
    .prefault('admin@booky-hub.localhost')
    .describe('Account of the first admin, made on first start.'),
  DATA_DIR: text
    .transform((value) => resolve(projectFolder, value))
    .prefault('.data')
    .describe('Folder for the private servers, files and mails; relative to the project.'),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be fatal, error, warn, info, debug, trace or silent',
    )
    .prefault('warn')
    .describe('fatal, error, warn, info, debug, trace or silent.'),
  DATABASE_URL: optional(url('postgres', 'postgresql')).describe(
    'Your PostgreSQL. (Default: a private one in DATA_DIR)',
  ),
  DATABASE_POOL_MAX: whole(1, 1_000).prefault('10').describe('Connections to PostgreSQL a pool; a worker has two.'),
  REDIS_URL: optional(url('redis', 'rediss')).describe(
    'Your Redis, 6.2 or newer, or Valkey. (Default: a private one in DATA_DIR)',
  ),
  REDIS_KEY_PREFIX: text
    .regex(/^[\w:.-]{1,64}$/, 'must be 1 to 64 letters, digits or _ : . -')
    .prefault('booky:')
    .describe('Stands before every key, so that several installations can share one Redis.'),
  STREAM_SHARDS: whole(1, 64).prefault('1').describe('Streams per event type; the same in every process.'),
  WORKER_BATCH_MAX: whole(1, 10_000)
    .prefault('1500')
    .describe('Most events a stage of pure SQL works on in one commit.'),
  WORKER_CONCURRENCY: whole(1, 1_000)
    .prefault('64')
    .describe('Most handlers of one stage that call out at once, per process.'),
  BACKLOG_EVENTS_MAX: whole(1, 100_000_000)
    .prefault('50000')
    .describe('Events that may wait for the workers; beyond it new orders and submissions are refused for a while.'),
  COST_PER_MINUTE_MAX: whole(1_000, 1_000_000_000)
    .prefault('100000')
    .describe(
      'Query cost that one account, or one address without an account, may spend in a minute; more for a storefront that asks for many readers.',
    ),
  WEBSOCKETS_PER_ADDRESS_MAX: whole(1, 1_000_000)
    .prefault('200')
    .describe('WebSockets that one network address may have open at once, per process.'),
  INTROSPECTION: z
    .enum(['on', 'off'], 'must be on or off')
    .prefault('on')
    .describe('Whether callers may ask for the schema; off also hides its names in errors.'),
  PERSISTED_OPERATIONS: optional(text.transform((value) => resolve(projectFolder, value))).describe(
    'Operations that clients may send by their SHA-256: a JSON file of hash and text, or a folder of .graphql files.',
  ),
  PERSISTED_OPERATIONS_ONLY: z
    .enum(['yes', 'no'], 'must be yes or no')
    .prefault('no')
    .describe('Whether no other operations are taken.'),
  DRAIN_TIMEOUT_MS: whole(0, 600_000)
    .prefault('25000')
    .describe('Longest wait, in ms, for work in hand when the program is stopped.'),
  HEALTH_CRON: cron.prefault('* * * * *').describe('When the health checks run.'),
  PAYMENT_GATEWAY: z
    .enum(['sandbox', 'stripe'], 'must be sandbox or stripe')
    .prefault('sandbox')
    .describe('stripe takes real money; sandbox is a bank on this machine that moves none.'),
  STRIPE_SECRET_KEY: optional(
    text.regex(/^(sk|rk)_\w{8,250}$/, 'must be a secret or restricted key of Stripe, sk_… or rk_…'),
  ).describe('Key for PAYMENT_GATEWAY=stripe.'),
  STRIPE_WEBHOOK_SECRET: optional(
    text.regex(/^whsec_[^\s,]{8,250}(,whsec_[^\s,]{8,250})?$/, 'must be whsec_…, or two of them with a comma between'),
  ).describe('Signing secret of the webhook endpoint in Stripe; two, with a comma between, while one is replaced.'),
  STRIPE_BOOKS_AFTER: optional(text.regex(/^txn_\w{8,250}$/, 'must be the id of a transaction, txn_…')).describe(
    'The transaction of Stripe behind which its books are compared with ours. (Default: from its first; an account that was used before, or has more than 100,000, needs one)',
  ),
  STRIPE_API_BASE: optional(url('http', 'https')).describe(
    'Where Stripe’s API is, for tests. (Default: https://api.stripe.com)',
  ),
  STORAGE_URL: optional(url('s3')).describe(
    's3://bucket?region=eu-central-1&endpoint=https://… (Default: the folder DATA_DIR/files)',
  ),
  S3_ACCESS_KEY_ID: optional(text).describe('Key for an s3:// STORAGE_URL.'),
  S3_SECRET_ACCESS_KEY: optional(text).describe('Its secret.'),
  UPLOAD_BYTES_MAX: whole(1_024, 5_368_709_120).prefault('209715200').describe('Largest upload, in bytes.'),
  UPLOADS_PER_DAY_MAX: whole(1, 1_000_000).prefault('200').describe('Files that one account may upload in 24 hours.'),
  UPLOAD_BYTES_PER_ACCOUNT_MAX: whole(1_024, 1_000_000_000_000)
    .prefault('10737418240')
    .describe('Bytes that the files of one account may take in all.'),
  SAMPLE_PERCENT: whole(0, 100)
    .prefault('10')
    .describe('Part of a book’s words that everybody may read, in percent; 0 shows no samples.'),
  SMTP_URL: optional(url('smtp', 'smtps')).describe(
    'Mail server. (Default: mails are kept and shown on the pages, none is sent)',
  ),
  MAIL_FROM: text
    .regex(/^[^\r\n]*[^\s@<]+@[^\s@>]+>?$/, 'must be an address such as Name <name@example.org>')
    .prefault('Booky Hub <no-reply@booky-hub.localhost>')
    .describe('Sender of mails.'),
  SHOP_COUNTRY: optional(text.regex(/^[A-Z]{2}$/, 'must be a country code of ISO 3166-1, such as DE')).describe(
    'Where the shop is: taken for the country of buyers who state none. (Default: those are charged no tax)',
  ),
  TAX_RATES_FILE: text
    .transform((value) => resolve(projectFolder, value))
    .prefault('data/tax-rates.json')
    .describe('Tax rates on e-books by country; relative to the project. Read when the program starts.'),
  SELLER: text
    .transform((value) => value.split('|').map((line) => line.trim()))
    .prefault('Booky Hub')
    .describe('Who sells, as receipts say it: name, address and tax number, with | between the lines.'),
  LICENCE_TEXT: text
    .max(2_000, 'must be 2,000 characters at most')
    .prefault('For one reader: read it on your own devices, keep it as long as you like, do not pass it on.')
    .describe('On what terms a book is sold, as receipts say it.'),
  ROYALTY_BPS: whole(0, 10_000)
    .prefault('7000')
    .describe('What an author gets of a sale without its tax, in hundredths of a percent.'),
  REFUND_WINDOW_DAYS: whole(0, 365)
    .prefault('14')
    .describe('Days in which readers may give back a book that they did not download; 0 leaves refunds to the shop.'),
  PAYOUT_CRON: cron.prefault('0 4 1 * *').describe('When authors are paid what is payable, in UTC.'),
  PAYOUT_HOLD_DAYS: whole(0, 365)
    .prefault('30')
    .describe('Days after its payment in which a sale is not paid out yet.'),
  PAYOUT_THRESHOLD: amounts
    .prefault('EUR:2000,USD:2000')
    .describe('The least that is paid out, in minor units by currency; others are paid whatever they come to.'),
  OPENAI_API_KEY: optional(text).describe(
    'Key of an OpenAI-compatible server for suggestions. (Default: a local, extractive method)',
  ),
  OPENAI_BASE_URL: optional(url('http', 'https')).describe('Address of that server. (Default: the one of OpenAI)'),
  OPENAI_MODEL: text.prefault('gpt-5.4-mini').describe('Model to ask.'),
  AI_TOKENS_MAX_PER_DAY: whole(0, 1_000_000_000).prefault('500000').describe('Most tokens a day; 0 asks nothing.'),
  AI_COST_MICROS_MAX_PER_DAY: whole(0, 1_000_000_000_000)
    .prefault('5000000')
    .describe('Most cost a day, in millionths of a US dollar.'),
  AI_TIMEOUT_MS: whole(1_000, 600_000).prefault('30000').describe('Longest wait for one answer, in ms.'),
});

export type Env = z.output<typeof schema>;
type Name = keyof Env;

export interface EnvVariable {
  name: string;
  description: string;
  /** As it would be written in `.env`; `undefined` when the variable is optional. */
  default: string | undefined;
}

export const envVariables: readonly EnvVariable[] = Object.entries(schema.shape).map(([name, variable]) => ({
  name,
  description: variable.description ?? '',
  default: defaultOf(name),
}));

/** Their values may hold a password, so a fault never repeats them. */
const SECRET: ReadonlySet<string> = new Set<Name>([
  'APP_SECRET',
  'APP_SECRET_PREVIOUS',
  ...SIGN_IN_SECRETS,
  'DATABASE_URL',
  'REDIS_URL',
  'STORAGE_URL',
  'S3_ACCESS_KEY_ID',
  'S3_SECRET_ACCESS_KEY',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'SMTP_URL',
  'OPENAI_API_KEY',
  'OPENAI_BASE_URL',
]);

export class EnvError extends Error {
  readonly code = 'ENV_INVALID';
  /** One sentence a fault, each beginning with the variable's name. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.name = 'EnvError';
    this.faults = faults;
  }
}

/** @throws EnvError with every fault at once */
export function parseEnv(source: Record<string, string | undefined>): Env {
  const given: Record<string, string> = {};
  for (const { name } of envVariables) {
    const value = source[name]?.trim();
    if (value !== undefined && value !== '') given[name] = value;
  }
  const parsed = schema.safeParse(given);
  const single = parsed.success
    ? []
    : parsed.error.issues.map((issue) => wordFault(String(issue.path[0]), issue.message, given));
  const faults = [...single, ...combinationFaults(given)];
  if (!parsed.success || faults.length > 0) throw new EnvError(faults);
  return parsed.data;
}

/** Reads `.env` in the project folder, if there is one, under what is already set; prints all faults and exits 1. */
export function loadEnv(): Env {
  const file = resolve(projectFolder, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
  for (const warning of misspelt(process.env)) process.stderr.write(`Warning: ${warning}\n`);
  try {
    return parseEnv(process.env);
  } catch (error) {
    if (error instanceof EnvError) {
      process.stderr.write(`${error.message}\nAll variables are explained in .env.example.\n`);
      process.exit(1);
    }
    throw error;
  }
}

/** The address that users see. @param port the one that is listened on, which PORT=0 leaves open */
export function publicUrl(env: Pick<Env, 'PUBLIC_URL' | 'HOST' | 'PORT'>, port: number = env.PORT): string {
  if (env.PUBLIC_URL !== undefined) return env.PUBLIC_URL.replace(/\/+$/, '');
  const isEveryone = ['127.0.0.1', '0.0.0.0', '::', '::1'].includes(env.HOST);
  const host = isEveryone ? 'localhost' : env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST;
  return `http://${host}:${port}`;
}

/** @returns a sentence for each unknown variable whose name is nearly one of ours */
export function misspelt(source: Record<string, string | undefined>): string[] {
  const names = envVariables.map(({ name }) => name);
  const warnings: string[] = [];
  for (const name of Object.keys(source)) {
    if (names.includes(name)) continue;
    const meant = names.find((ours) => isNearly(name, ours));
    if (meant !== undefined) warnings.push(`${name} is not a variable of Booky Hub; did you mean ${meant}?`);
  }
  return warnings;
}

/** What `.env.example` holds. */
export function envExample(): string {
  const parts = envVariables.map(
    ({ name, description, default: value }) => `# ${description}\n# ${name}=${value ?? ''}\n`,
  );
  return `# Copy to .env and take the # off the lines you change. Nothing here is needed to start.\n\n${parts.join('\n')}`;
}

function combinationFaults(given: Record<string, string>): string[] {
  const faults: string[] = [];
  if (given['NODE_ENV'] === 'production' && given['APP_SECRET'] === undefined) {
    faults.push('APP_SECRET: is required in production; `openssl rand -hex 32` makes one.');
  }
  const { APP_SECRET: secret = '', APP_SECRET_PREVIOUS: previous } = given;
  if (/^(.{1,4})\1+$/.test(secret)) {
    faults.push('APP_SECRET: repeats itself; `openssl rand -hex 32` makes one that nobody guesses.');
  }
  if (previous !== undefined && previous === secret) {
    faults.push('APP_SECRET_PREVIOUS: is the same as APP_SECRET; make a new APP_SECRET, or take this away.');
  }
  const isStripe = given['PAYMENT_GATEWAY'] === 'stripe';
  const hasStore = given['STORAGE_URL'] !== undefined;
  return [
    ...faults,
    ...belonging(given, ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET'], isStripe, 'PAYMENT_GATEWAY=stripe'),
    ...(previous === undefined ? [] : belonging(given, ['APP_SECRET_PREVIOUS'], secret !== '', 'APP_SECRET')),
    ...SIGN_IN_PAIRS.flatMap(([key, others]) => belonging(given, others, given[key] !== undefined, key)),
    ...belonging(given, ['S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'], hasStore, 'an s3:// STORAGE_URL'),
  ];
}

/** Variables that are required with something and of no use without it. */
function belonging(given: Record<string, string>, keys: readonly string[], has: boolean, what: string): string[] {
  return keys.flatMap((key) => {
    if (has && given[key] === undefined) return [`${key}: is required with ${what}.`];
    if (!has && given[key] !== undefined) {
      return [`${key}: is of no use without ${what}; set that, or take this away.`];
    }
    return [];
  });
}

function wordFault(name: string, message: string, given: Record<string, string>): string {
  const value = given[name];
  const seen = value === undefined || SECRET.has(name) ? '' : `; it is ${JSON.stringify(value.slice(0, 80))}`;
  return `${name}: ${message}${seen}.`;
}

function defaultOf(name: string): string | undefined {
  const variable: unknown = Reflect.get(schema.shape, name);
  const value: unknown = variable instanceof z.ZodPrefault ? variable.def.defaultValue : undefined;
  return typeof value === 'string' ? value : undefined;
}
