import { sql } from 'drizzle-orm';
import { randomUUID } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { apiKeys } from '../../src/db/tables/index.ts';
import { downloadLink } from '../../src/schema/links.ts';
import { openEvents } from './support/event-source.ts';
import { useApi } from './support/api.ts';
import { globalId, market, PLACE_ORDER } from './support/market.ts';

let aheadMs = 0;
const api = useApi({ now: () => new Date(Date.now() + aheadMs) });
const shop = market(api);

const CREATE = `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { __typename
  ... on CreateApiKeyPayload { secret apiKey { id name kind start scopes expiresAt lastUsedAt } }
  ... on Error { code message } ... on ValidationError { fields { path message } } } }`;
const PASSWORD = `mutation ($input: CreateAppPasswordInput!) { createAppPassword(input: $input) { __typename
  ... on CreateAppPasswordPayload { secret apiKey { id kind scopes } } ... on Error { code message } } }`;
const REVOKE = `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { __typename
  ... on RevokeApiKeyPayload { apiKey { revokedAt } } ... on Error { code message } } }`;
const MINE = '{ myApiKeys(first: 10) { nodes { id name lastUsedAt } } }';
const madeSchema = z.looseObject({ secret: z.string(), apiKey: z.looseObject({ id: z.string() }) });

async function keyOf(token: string, scopes: readonly string[], input: object = {}) {
  const { data } = await api.ask(CREATE, { input: { name: 'A shop', scopes, ...input } }, token);
  return madeSchema.parse(data?.['createApiKey']);
}
async function passwordOf(token: string) {
  const { data } = await api.ask(PASSWORD, { input: { name: 'A reader' } }, token);
  return madeSchema.parse(data?.['createAppPassword']);
}
const codeOf = ({ errors }: Awaited<ReturnType<typeof api.ask>>) => errors?.[0]?.extensions?.['code'];
const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;

describe('an API key', () => {
  test('is shown once and kept as a hash; its use is recorded to the minute', async () => {
    const { token } = await api.signUp();
    const { secret, apiKey } = await keyOf(token, ['CATALOG_READ']);
    expect(secret).toMatch(/^bkh_[\w-]{43}$/);
    expect(apiKey).toMatchObject({ name: 'A shop', kind: 'API_KEY', scopes: ['CATALOG_READ'], lastUsedAt: null });
    const [row] = await api.db.select().from(apiKeys);
    expect(JSON.stringify(row)).not.toContain(secret);
    await api.ask('{ viewer { id } }', {}, secret);
    const [first] = await api.db.select().from(apiKeys);
    await api.ask('{ viewer { id } }', {}, secret);
    const [again] = await api.db.select().from(apiKeys);
    expect([first?.lastUsedAt instanceof Date, again?.lastUsedAt]).toEqual([true, first?.lastUsedAt]);
    aheadMs += 61_000;
    await api.ask('{ viewer { id } }', {}, secret);
    const [later] = await api.db.select().from(apiKeys);
    expect(later?.lastUsedAt?.getTime()).toBeGreaterThan(first?.lastUsedAt?.getTime() ?? 0);
    expect((await api.ask(MINE, {}, token)).data).toMatchObject({ myApiKeys: { nodes: [{ name: 'A shop' }] } });
  });

  test('acts for its owner within its scopes, and is told which one it lacks', async () => {
    const { token, id } = await api.signUp();
    const { editionId } = await shop.onSale();
    const reads = await keyOf(token, ['ORDERS_READ']);
    const writes = await keyOf(token, ['ORDERS_WRITE']);
    const input = { editionId, currency: 'EUR', paymentToken: 'tok_ok', idempotencyKey: randomUUID() };
    const refused = await api.ask(PLACE_ORDER, { input }, reads.secret);
    expect([codeOf(refused), refused.errors?.[0]?.message]).toEqual([
      'FORBIDDEN',
      expect.stringContaining('orders:write'),
    ]);
    const placed = await api.ask(
      `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { ... on PlaceOrderPayload { order { status } } } }`,
      { input },
      writes.secret,
    );
    expect(placed).toMatchObject({ data: { placeOrder: { order: { status: 'PENDING_PAYMENT' } } } });
    expect((await api.ask('{ myOrders(first: 1) { nodes { id } } }', {}, reads.secret)).errors).toBeUndefined();
    expect(codeOf(await api.ask('{ catalogue(first: 1) { nodes { id } } }', {}, reads.secret))).toBe('FORBIDDEN');
    expect(codeOf(await api.ask('{ myLibrary(first: 1) { nodes { id } } }', {}, reads.secret))).toBe('FORBIDDEN');
    expect((await api.ask('{ viewer { id email } }', {}, reads.secret)).data).toEqual({
      viewer: { id: globalId('User', id), email: null },
    });
  });

  test('never manages accounts, sessions or keys, whatever its scopes', async () => {
    const { token } = await api.signUp('ADMIN');
    const all = ['CATALOG_READ', 'PUBLISH_WRITE', 'ORDERS_WRITE', 'LIBRARY_READ', 'ACCOUNT_READ', 'OPERATIONS_WRITE'];
    const { secret, apiKey } = await keyOf(token, all);
    const asked: [string, object][] = [
      [CREATE, { input: { name: 'Another', scopes: ['CATALOG_READ'] } }],
      [PASSWORD, { input: { name: 'Another' } }],
      [REVOKE, { input: { id: apiKey.id } }],
      [MINE, {}],
      ['mutation { signOut }', {}],
      ['mutation { becomeAuthor(input: { acceptTerms: true }) { __typename } }', {}],
      ['{ localMails { text } }', {}],
    ];
    for (const [query, variables] of asked) {
      expect([query, codeOf(await api.ask(query, { ...variables }, secret))]).toEqual([query, 'FORBIDDEN']);
    }
  });

  test.each(['revoked', 'expired'])('is good for nothing once it is %s', async (how) => {
    const { token } = await api.signUp();
    const { secret, apiKey } = await keyOf(token, ['ORDERS_READ'], {
      expiresAt: new Date(Date.now() + aheadMs + 10_000).toISOString(),
    });
    expect((await api.ask('{ viewer { id } }', {}, secret)).data?.['viewer']).not.toBeNull();
    if (how === 'expired') aheadMs += 10_001;
    else await api.ask(REVOKE, { input: { id: apiKey.id } }, token);
    expect((await api.ask('{ viewer { id } }', {}, secret)).data?.['viewer']).toBeNull();
    expect(codeOf(await api.ask('{ myOrders(first: 1) { nodes { id } } }', {}, secret))).toBe('UNAUTHENTICATED');
  });

  test('of another is unknown', async () => {
    const [owner, other] = [await api.signUp(), await api.signUp()];
    const { apiKey } = await keyOf(owner.token, ['CATALOG_READ']);
    const { data } = await api.ask(REVOKE, { input: { id: apiKey.id } }, other.token);
    expect(data).toMatchObject({ revokeApiKey: { __typename: 'NotFoundError' } });
    expect((await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id: apiKey.id }, other.token)).data).toEqual({
      node: null,
    });
  });

  test('is one of twenty at most, also when many are made at once', async () => {
    const { token, id } = await api.signUp();
    const answers = await Promise.all(
      Array.from({ length: 24 }, () => api.ask(CREATE, { input: { name: 'Many', scopes: ['CATALOG_READ'] } }, token)),
    );
    const kinds = answers.map(
      ({ data }) =>
        z.object({ createApiKey: z.looseObject({ __typename: z.string() }) }).parse(data).createApiKey.__typename,
    );
    expect(kinds.filter((kind) => kind === 'ConflictError')).toHaveLength(4);
    const [held] = await api.db.execute<{ n: number }>(
      sql`select count(*)::int as n from api_key where user_id = ${id}`,
    );
    expect(held?.n).toBe(20);
  });

  test('needs a name, a scope and a time to come', async () => {
    const { token } = await api.signUp();
    const { data } = await api.ask(CREATE, { input: { name: ' ', scopes: [] } }, token);
    expect(data).toMatchObject({ createApiKey: { fields: [{ path: 'input.name' }, { path: 'input.scopes' }] } });
    const past = await api.ask(
      CREATE,
      { input: { name: 'a', scopes: ['CATALOG_READ'], expiresAt: '2020-01-01T00:00:00Z' } },
      token,
    );
    expect(past.data).toMatchObject({ createApiKey: { fields: [{ path: 'input.expiresAt' }] } });
  });

  test('opens subscriptions within its scopes', async () => {
    const { token } = await api.signUp();
    const { editionId } = await shop.onSale();
    const { order } = z.object({ order: z.object({ id: z.string() }) }).parse(await shop.order(token, editionId));
    const query = 'subscription ($id: ID!) { orderStatus(orderId: $id) { seq status } }';
    const may = await openEvents(api.url, query, {
      variables: { id: order.id },
      token: (await keyOf(token, ['ORDERS_READ'])).secret,
    });
    expect(await may.next()).toMatchObject({ data: { orderStatus: { status: 'PENDING_PAYMENT' } } });
    may.close();
    const mayNot = await openEvents(api.url, query, {
      variables: { id: order.id },
      token: (await keyOf(token, ['LIBRARY_READ'])).secret,
    });
    expect(await mayNot.next()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    await vi.waitFor(() => expect(api.server.subscriptionCount()).toBe(0), 5_000);
  });
});

describe('an app password', () => {
  async function bought() {
    const { token, id } = await api.signUp();
    const { editionId } = await shop.onSale();
    const { order } = z.object({ order: z.object({ id: z.string() }) }).parse(await shop.order(token, editionId));
    await shop.fulfil(order.id);
    const [right] = await api.db.execute<{ id: string; key: string }>(sql`
      select e.id, f.storage_key as key from entitlement e join edition d on d.id = e.edition_id
      join revision r on r.id = d.live_revision_id join file f on f.id = r.file_id where e.reader_id = ${id}`);
    if (!right) throw new Error('nothing was bought');
    await api.services.storage.put(right.key, Buffer.from('abc'), {
      contentType: 'application/epub+zip',
      sizeBytesMax: 10,
    });
    return { token, id, entitlementId: right.id, url: `${api.url}/downloads/${right.id}` };
  }

  test('reads the library and downloads by HTTP Basic, whatever the user name', async () => {
    const { token, url } = await bought();
    const { secret, apiKey } = await passwordOf(token);
    expect(secret).toMatch(/^bkh_[a-z2-9]{26}$/);
    expect(apiKey).toMatchObject({ kind: 'APP_PASSWORD', scopes: ['LIBRARY_READ', 'CATALOG_READ'] });
    const query = encodeURIComponent('{ myLibrary(first: 1) { nodes { status edition { title } downloadUrl } } }');
    const answer = await fetch(`${api.url}/graphql?query=${query}`, { headers: { authorization: basic(secret) } });
    expect(await answer.json()).toMatchObject({ data: { myLibrary: { nodes: [{ edition: { title: 'The Sea' } }] } } });
    const book = await fetch(url, { headers: { authorization: basic(secret) } });
    expect([book.status, await book.text()]).toEqual([200, 'abc']);
  });

  test('does nothing else', async () => {
    const { token } = await api.signUp('AUTHOR');
    const { secret } = await passwordOf(token);
    for (const query of [
      '{ myOrders(first: 1) { nodes { id } } }',
      'mutation { createDraft(input: { title: "A" }) { __typename } }',
    ]) {
      expect(codeOf(await api.ask(query, {}, secret))).toBe('FORBIDDEN');
    }
  });

  test('of another, a key without the scope, a password of an account and no credential download nothing', async () => {
    const { token, url, entitlementId } = await bought();
    const other = await api.signUp();
    const get = async (authorization?: string) =>
      (await fetch(url, { headers: authorization ? { authorization } : {} })).status;
    expect(await get(basic((await passwordOf(other.token)).secret))).toBe(403);
    expect(await get(`Bearer ${(await keyOf(token, ['ORDERS_READ'])).secret}`)).toBe(403);
    expect(await get(`Bearer ${other.token}`)).toBe(403);
    expect(await get(basic('correct horse battery'))).toBe(401);
    expect(await get()).toBe(403);
    expect(await get(`Bearer ${token}`)).toBe(200);
    const theirs = downloadLink(api.services, { entitlementId, readerId: other.id }).url;
    expect((await fetch(theirs)).status).toBe(403);
  });
});
