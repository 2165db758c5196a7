import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { type ExecutionResult, getNamedType, isObjectType, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../src/schema/index.ts';
import { isSameForAll, sameForAllFields } from '../../src/schema/same-for-all.ts';
import { SharedAnswers } from '../../src/server/shared-answers.ts';
import { createBudget } from '../../src/server/budget.ts';
import { useApi } from '../schema/support/api.ts';
import { market, UPDATE_DRAFT, uuidIn } from '../schema/support/market.ts';

const api = useApi({ limits: { sharedAnswersMs: 600_000, costPerMinuteMax: 1_000 } });
const shop = market(api);
/** Where nobody's minute is over so soon. */
const rich = useApi({ limits: { sharedAnswersMs: 600_000 } });
/** Where each is answered for itself. */
const anew = useApi();
const plain = market(anew);

/** A book whose price is changed where no server hears of it. */
async function bookWithNewPrice() {
  const { author, editionId } = await shop.onSale();
  const query = `{ edition(id: "${editionId}") { onSale status price { amountMinor } } } # ${randomUUID()}`;
  const price = async (token?: string) => (await api.ask(query, {}, token)).data?.['edition'];
  expect(await price()).toMatchObject({ price: { amountMinor: 499 } });
  await api.db.execute(sql`update price set amount_minor = 700 where edition_id = ${uuidIn(editionId)}`);
  return { author, editionId, price };
}

describe('an answer that was made for nobody', () => {
  test('is given again to requests without an account, and never to one with', async () => {
    const { author, price } = await bookWithNewPrice();
    expect(await price()).toMatchObject({ price: { amountMinor: 499 }, status: 'PUBLISHED' });
    expect(await price(author.token)).toMatchObject({ price: { amountMinor: 700 } });
    expect(await price('a token of nobody')).toMatchObject({ price: { amountMinor: 700 } });
  });

  test('is forgotten as soon as this process has committed anything', async () => {
    const { author, price } = await bookWithNewPrice();
    await shop.draft(author.token);
    expect(await price()).toMatchObject({ price: { amountMinor: 700 } });
  });

  test('costs whoever is given it as much as it cost the first', async () => {
    const page = '{ catalogue(first: 100) { nodes { id title } } }';
    const codes = [];
    for (let at = 0; at < 5; at++) codes.push((await api.ask(page)).errors?.[0]?.extensions?.['code'] ?? 'OK');
    expect(codes).toContain('OK');
    expect(codes.at(-1)).toBe('RATE_LIMITED');
  });
});

const PAGE = '{ catalogue(first: 100) { nodes { id title price { amountMinor } } } }';

describe('an answer that is the same for all', () => {
  /** A page that was asked for, and a price that was changed since where no server hears of it. */
  async function changedPage(at = rich) {
    const { author, editionId } = await market(at).onSale();
    const query = `${PAGE} # ${randomUUID()}`;
    const page = (token?: string) => at.ask(query, {}, token);
    const priceFor = async (token?: string) =>
      JSON.stringify((await page(token)).data).match(/"amountMinor":(\d+)/)?.[1];
    const change = () =>
      at.db.execute(sql`update price set amount_minor = 700 where edition_id = ${uuidIn(editionId)}`);
    return { author, page, priceFor, change };
  }

  test('is given to whoever asks, and tells each with an account its own purse', async () => {
    const { author, page, priceFor, change } = await changedPage();
    const reader = await rich.signUp();
    expect(await priceFor(reader.token)).toBe('499');
    await change();
    for (const token of [undefined, author.token, reader.token, 'a token of nobody']) {
      expect(await priceFor(token)).toBe('499');
    }
    const cost = (answer: Awaited<ReturnType<typeof page>>) => answer.extensions?.['cost'];
    expect(cost(await page())).not.toHaveProperty('perMinute');
    expect(cost(await page('a token of nobody'))).not.toHaveProperty('perMinute');
    const [mine, again] = [cost(await page(reader.token)), cost(await page(reader.token))];
    const { requested } = z.object({ requested: z.number() }).parse(mine);
    const left = z.object({ perMinute: z.object({ max: z.literal(100_000), left: z.number() }) });
    expect(left.parse(mine).perMinute.left - left.parse(again).perMinute.left).toBe(requested);
  });

  test('is not given to an API key: it may be refused what everybody else is given', async () => {
    const { author, priceFor, change } = await changedPage();
    expect(await priceFor()).toBe('499');
    await change();
    const { data } = await rich.ask(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { ... on CreateApiKeyPayload { secret } } }`,
      { input: { name: 'A key', scopes: ['ORDERS_READ'] } },
      author.token,
    );
    const { createApiKey } = z.object({ createApiKey: z.object({ secret: z.string() }) }).parse(data);
    const { errors } = await rich.ask(PAGE, {}, createApiKey.secret);
    expect(errors?.[0]?.extensions?.['code']).toBe('FORBIDDEN');
  });

  test('costs the account, wherever it asks from', async () => {
    const { page } = await changedPage(api);
    const [reader, other] = [await api.signUp(), await api.signUp()];
    const codes = [];
    for (let at = 0; at < 20; at++) codes.push((await page(reader.token)).errors?.[0]?.extensions?.['code'] ?? 'OK');
    expect([codes[0], codes.at(-1)]).toEqual(['OK', 'RATE_LIMITED']);
    expect((await page(other.token)).errors).toBeUndefined();
  });
});

const ARGUMENTS: Readonly<Record<string, string>> = {
  priceCounts: '(currency: "EUR", upTo: [0, 500])',
  publishedCounts: '(after: ["2020-01-01T00:00:00Z"])',
};

describe('the fields of answers that are the same for all', () => {
  const named = (type: string): string[] =>
    [...sameForAllFields].filter((field) => field.startsWith(`${type}.`)).map((field) => field.slice(type.length + 1));
  /** All of a type's fields on the list, each with all of its own. */
  const selectionOf = (typeName: string): string => {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) throw new TypeError(`${typeName} is no object type`);
    const fields = named(typeName).map((name) => {
      const field = type.getFields()[name];
      if (!field) throw new TypeError(`${typeName}.${name} does not exist`);
      const inner = getNamedType(field.type);
      return isObjectType(inner) ? `${name} { ${selectionOf(inner.name)} }` : `${name}${ARGUMENTS[name] ?? ''}`;
    });
    return `__typename ${fields.join(' ')}`;
  };
  const query = `{ catalogue(first: 5) { ${selectionOf('EditionConnection')} }
    catalogueFacets { ${selectionOf('CatalogueFacets')} } }`;

  test('are all in the schema, and all asked for here', () => {
    for (const field of sameForAllFields) expect(query).toContain(field.split('.')[1]);
    expect(isSameForAll(schema, parse(query))).toBe(true);
  });

  test.each([
    ['{ viewer { id } }'],
    ['{ catalogue(first: 1) { nodes { status } } }'],
    ['{ catalogue(first: 1) { nodes { workingRevision { title } } } }'],
    ['{ catalogue(first: 1) { nodes { ...F } } } fragment F on Edition { owner { name } }'],
    ['{ catalogue(first: 1) { nodes { ... on Node { ... on Edition { sample { url } } } } } }'],
    ['{ node(id: "x") { id } }'],
    ['{ __schema { types { name } } }'],
  ])('are not all that is in %s', (other) => {
    expect(isSameForAll(schema, parse(other))).toBe(false);
  });

  test('are the same for a reader, the author with other words in work, another author, an admin and nobody', async () => {
    const { author, editionId } = await plain.onSale({ title: 'As it is on sale', contributors: [{ name: 'Ada' }] });
    const cover = { storageKey: 'covers/a/400.jpg', width: 400, height: 600, mediaType: 'image/jpeg' };
    await anew.db.execute(sql`
      update revision set extracted = ${JSON.stringify({ covers: [cover] })}::text::jsonb
      where edition_id = ${uuidIn(editionId)}`);
    await plain.move('createRevision', { editionId }, author.token);
    await plain.mutate('updateDraft', UPDATE_DRAFT, { editionId, title: 'As it will be' }, author.token);
    await plain.draft(author.token, { title: 'Not yet on sale' });
    await plain.onSale({ title: 'Another’s' });
    const callers = [undefined, author.token];
    for (const role of ['READER', 'AUTHOR', 'ADMIN'] as const) callers.push((await anew.signUp(role)).token);
    const answers = [];
    for (const token of callers) answers.push(await anew.ask(query, {}, token));
    for (const { errors } of answers) expect(errors).toBeUndefined();
    expect(JSON.stringify(answers[0]?.data)).toMatch(/As it is on sale.*400\.jpg/);
    for (const { data } of answers) expect(data).toEqual(answers[0]?.data);
  });
});

describe('kept answers', () => {
  const clock = { now: () => new Date(0) };
  const open = (keptMs: number) => new SharedAnswers({ keptMs, budget: createBudget(1_000, clock) });
  const shared = (run: () => Promise<ExecutionResult>) => ({ run, isForAll: false });
  const answer = (text: string) => shared(async () => ({ data: { text } }));

  test('are made once for all who ask at the same time', async () => {
    const answers = open(1_000);
    let runs = 0;
    const run = async () => ({ data: { run: ++runs } });
    await Promise.all(Array.from({ length: 50 }, () => answers.make('request', 'address', { run, isForAll: false })));
    expect(runs).toBe(1);
  });

  test('are none with errors, none of a failure, and none when nothing is to be kept', async () => {
    const answers = open(1_000);
    await answers.make(
      'faulty',
      'address',
      shared(async () => ({ errors: [] })),
    );
    await expect(
      answers.make(
        'broken',
        'address',
        shared(() => Promise.reject(new Error('x'))),
      ),
    ).rejects.toThrow('x');
    expect([answers.find('faulty', 'a'), answers.find('broken', 'a'), open(0).isOn]).toEqual([null, null, false]);
  });

  test('do not hold what was read before a commit that came meanwhile', async () => {
    const answers = open(1_000);
    const run = async () => {
      answers.forget();
      return { data: { text: 'old' } };
    };
    await answers.make('request', 'address', shared(run));
    expect(answers.find('request', 'address')).toBeNull();
  });

  test('are 16 MiB at most, the oldest going first', async () => {
    const answers = open(60_000);
    const large = 'x'.repeat(500_000);
    for (let at = 0; at < 40; at++) await answers.make(`request ${at}`, 'address', answer(large));
    expect([answers.find('request 0', 'a'), answers.find('request 39', 'a')]).toEqual([null, expect.any(String)]);
    await answers.make('huge', 'address', answer(large + large));
    expect(answers.find('huge', 'a')).toBeNull();
  });
});
