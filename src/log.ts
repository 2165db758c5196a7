/**
 * The log: one JSON line an event, on standard error.
 *
 * Promise: a line holds only the fields named here, so that nothing personal or secret gets in by a name that nobody
 * thought of: no token, password, cookie, header, e-mail address or network address. What text such a field holds, an
 * error's words among it, is masked: e-mail addresses, passwords in URLs, signatures, bearer tokens and long random words.
 * Of a failed statement its values are left out, of a text that is no JSON the text. A new field is named here first; test/log.test.ts holds the source to it.
 */
import { type Logger, pino } from 'pino';
import type { Env } from './env.ts';

/** What a line may tell, and of what: a request, a part of the engine, a server, a file, a payment. */
export const LOG_FIELDS: ReadonlySet<string> = new Set(
  [
    'requestId traceId path err error reason probe code kind',
    'stage stream entry entries run runs event events attempt shard duty cron slot inRedis inDatabase workflow outcome',
    'port folder logFile lastLines signal waitMs delayMs tookMs url booksPath gateway',
  ].flatMap((line) => line.split(' ')),
);

const CAUSES_MAX = 3;
const TEXT_CHARS_MAX = 2_000;

const MASKS: readonly (readonly [RegExp, string])[] = [
  [/[^\s"'<>(),:;=]+@[^\s"'<>(),:;=]+\.[a-z]{2,}/gi, '[e-mail]'],
  [/(\w+:\/\/)[^\s/@]+@/g, '$1[credentials]@'],
  [/\b(bearer|basic)\s+\S+/gi, '$1 [credential]'],
  [/([?&](?:signature|token|code|key|secret|password)=)[^&\s"']+/gi, '$1[secret]'],
  // Tokens, hashes and keys: 24 characters or more of one word, unless it is an id of ours (a UUID) or a plain word.
  [/(?<![\w/.-])(?![\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\b)(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{24,}/gi, '[secret]'],
];

/** @returns the text without what looks personal or secret, 2,000 characters at most */
export function maskText(text: string): string {
  const masked = MASKS.reduce((before, [pattern, words]) => before.replace(pattern, words), text);
  return masked.length > TEXT_CHARS_MAX ? `${masked.slice(0, TEXT_CHARS_MAX - 1)}…` : masked;
}

/** @returns the fields that a line may hold, their texts masked */
export function allowedFields(fields: object): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    if (LOG_FIELDS.has(name)) kept[name] = isTrace(name, value) ? value : masked(value);
  return kept;
}

/** A trace looks like a token, yet is what a line is searched by: 32 hex digits are told, and nothing else under its name. */
const isTrace = (name: string, value: unknown): boolean =>
  name === 'traceId' && typeof value === 'string' && /^[\da-f]{32}$/.test(value);

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskText(value);
  if (value instanceof Error) return describe(value, CAUSES_MAX);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, masked(inner)]));
}

/** Which error, where it came from, and what it says without the values of a statement. */
function describe(error: Error, causesLeft: number): Record<string, unknown> {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const constraint = 'constraint_name' in error ? { constraint: String(error.constraint_name) } : {};
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    message: wordsOf(error),
    ...code,
    ...constraint,
    stack: frames.join('\n'),
    ...(error.cause instanceof Error && causesLeft > 0 && { cause: describe(error.cause, causesLeft - 1) }),
  };
}

/** A statement's words hold its values, and those of `JSON.parse` what was to be parsed. */
function wordsOf(error: Error): string {
  if (error.message.startsWith('Failed query:')) return 'a statement failed';
  if (error instanceof SyntaxError && error.message.includes('JSON')) return 'a text is no JSON';
  return maskText(error.message);
}

/** @param destination (Default: standard error) */
export function openLog(env: Pick<Env, 'LOG_LEVEL'>, destination?: pino.DestinationStream): Logger {
  return pino(
    {
      level: env.LOG_LEVEL,
      base: { program: 'booky-hub' },
      // Errors are described before, by `allowedFields`.
      serializers: { err: (described: unknown) => described },
      formatters: { log: allowedFields },
      hooks: {
        logMethod(given, method) {
          const words = given.map((one: unknown) => (typeof one === 'string' ? maskText(one) : one));
          Reflect.apply(method, this, words);
        },
      },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
