/**
 * What is secret or personal goes through the whole program, as one process with its loudest log, and through its faults;
 * then every word that it has written is searched for it.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { encodeId } from '../../src/schema/ids.ts';
import { openMarket } from '../faults/harness/load.ts';
import { type Program, program } from '../faults/harness/processes.ts';
import { freePort } from '../faults/harness/servers.ts';
import { cloneDatabase } from '../support/database.ts';

/** Hexadecimal, so that no other word is like one. */
const canary = () => randomBytes(12).toString('hex');
const CANARIES = {
  email: `${canary()}@example.org`,
  name: `Nellie ${canary()}`,
  password: `p-${canary()}`,
  wrongPassword: `w-${canary()}`,
  paymentToken: `tok_${canary()}`,
  cookie: `c-${canary()}`,
  forgedToken: `f-${canary()}`,
  searched: `s-${canary()}`,
  appSecret: `a-${canary()}${canary()}`,
  uploadName: `u-${canary()}.epub`,
};
const secrets = new Map<string, string>(Object.entries(CANARIES));

let folder: string;
let clone: Awaited<ReturnType<typeof cloneDatabase>>;
let app: Program;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'booky-hub-canaries-'));
  clone = await cloneDatabase();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const env = {
    NODE_ENV: 'production',
    PORT: String(port),
    PUBLIC_URL: url,
    DATA_DIR: join(folder, 'data'),
    DATABASE_URL: clone.url,
    REDIS_URL: inject('redisUrl'),
    REDIS_KEY_PREFIX: `canaries-${randomUUID()}:`,
    LOG_LEVEL: 'trace',
    APP_SECRET: CANARIES.appSecret,
  };
  app = program({ role: 'all', name: 'app', folder, env });
  await app.start();
});
afterAll(async () => {
  await app.stop();
  await clone.drop();
  await rm(folder, { recursive: true, force: true });
});

const answerSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(z.object({ extensions: z.object({ code: z.string(), requestId: z.string().optional() }) }))
    .optional(),
});

async function ask(query: string, input: unknown, token?: string, more: Record<string, string> = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }), ...more },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const { data, errors } = answerSchema.parse(await response.json());
  return { answer: Object.values(data ?? {})[0], error: errors?.[0]?.extensions };
}

const SIGN_UP =
  'mutation ($input: SignUpInput!) { signUp(input: $input) { ... on SignUpPayload { session { token } } } }';
const sessionSchema = z.object({ session: z.object({ token: z.string() }) });
const logged = () => readFile(join(folder, 'app.log'), 'utf8');

test('a whole life in the program leaves nothing secret and nothing personal in what it writes', async () => {
  const { email, name, password, wrongPassword } = CANARIES;
  const market = await openMarket(clone.database, 10);
  const { token } = sessionSchema.parse((await ask(SIGN_UP, { email, name, password })).answer).session;
  secrets.set('token', token);
  const signIn = 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename ... on Error { code } } }';
  await ask(signIn, { email, password: wrongPassword });
  await ask('{ viewer { id } }', {}, CANARIES.forgedToken, {
    cookie: `session=${CANARIES.cookie}`,
    'x-booky-hub': '1',
  });
  await ask(
    'query ($input: String!) { catalogue(first: 1, filter: { text: $input }) { nodes { id } } }',
    CANARIES.searched,
  );
  await ask('mutation { becomeAuthor(input: { acceptTerms: true }) { __typename } }', {}, token);
  await ask(
    'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename } }',
    { name, scopes: [] },
    token,
  );
  await clone.database.sql`update "user" set role = 'AUTHOR' where email = ${email}`;
  const announced = {
    name: CANARIES.uploadName,
    sizeBytes: 4,
    sha256: createHash('sha256').update('book').digest('hex'),
  };
  const upload =
    'mutation ($input: CreateUploadInput!) { createUpload(input: $input) { ... on CreateUploadPayload { uploadUrl } } }';
  const { uploadUrl } = z.object({ uploadUrl: z.string() }).parse((await ask(upload, announced, token)).answer);
  secrets.set('signature', new URL(uploadUrl).searchParams.get('signature') ?? 'none');
  expect((await fetch(uploadUrl, { method: 'PUT', body: 'boot' })).status).toBe(422);
  const forged = new URL(uploadUrl);
  forged.searchParams.set('signature', (forged.searchParams.get('signature') ?? '').split('').toReversed().join(''));
  expect((await fetch(forged, { method: 'PUT', body: 'book' })).status).toBe(403);
  const editionId = encodeId('Edition', market.editionIds[0] ?? '');
  const order = { editionId, currency: 'EUR', paymentToken: CANARIES.paymentToken, idempotencyKey: randomUUID() };
  const placed = 'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename } }';
  expect((await ask(placed, order, token)).answer).toMatchObject({ __typename: 'PlaceOrderPayload' });
  await expect
    .poll(
      async () => (await clone.database.sql`select 1 from "order" where status in ('DECLINED', 'COMPLETED')`).length,
      {
        timeout: 20_000,
      },
    )
    .toBe(1);

  // The database refuses what nobody thought of, and quotes the row and the values while it does.
  await clone.database.sql`alter table "user" add constraint unthought check (email not like 'second%') not valid`;
  const refused = await ask(SIGN_UP, { email: `second-${email}`, name, password });
  expect(refused.error?.code).toBe('INTERNAL');
  await clone.database.sql`alter table session rename to session_away`;
  const lost = await ask('{ viewer { id } }', {}, token);
  expect(lost.error?.code).toBe('INTERNAL');
  await clone.database.sql`alter table session_away rename to session`;
  await clone.database.sql`alter table payment add constraint unthought check (payment_token is null) not valid`;
  await ask(
    placed,
    { ...order, editionId: encodeId('Edition', market.editionIds[1] ?? ''), idempotencyKey: randomUUID() },
    token,
  );

  const text = await logged();
  for (const requestId of [refused.error?.requestId, lost.error?.requestId]) expect(text).toContain(requestId);
  expect(text).toContain('unthought');
  const found = [...secrets].filter(([, secret]) => text.includes(secret)).map(([what]) => what);
  expect(found).toEqual([]);
  expect(text).not.toContain(new URL(clone.url).password);
  // The first admin's password is told once, on purpose, and not in the log.
  const lines = text.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.filter((line) => /@example\.org|127\.0\.0\.1(?!:)/.test(line))).toEqual([]);
});
