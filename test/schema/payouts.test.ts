import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { postLedger } from '../../src/db/ledger.ts';
import { payeeOpened, payoutPaid, payoutReturned, payoutSubmitted } from '../../src/events/index.ts';
import { useApi } from './support/api.ts';
import { openEvents } from './support/event-source.ts';
import { globalId, market, type Payload, uuidIn } from './support/market.ts';

const api = useApi({ keepRows: true });
const shop = market(api);
const LONG_AGO = new Date('2026-01-01T00:00:00Z');

const OPEN = `mutation ($input: OpenPayeeInput!) { openPayee(input: $input) { __typename
  ... on OpenPayeePayload { payee { status country onboardingUrl } }
  ... on Error { code message } ... on ValidationError { fields { path } } } }`;
const REQUEST = `mutation ($input: RequestPayoutInput!) { requestPayout(input: $input) { __typename
  ... on RequestPayoutPayload { payout { id status amount { amount currency } author { id } failure } }
  ... on NotPayable { reason } ... on Error { code message } ... on ValidationError { fields { path } } } }`;
const payoutIn = (payload: Payload) => z.object({ payout: z.looseObject({ id: z.string() }) }).parse(payload).payout;

const open = (token: string, input: object = {}) =>
  shop.mutate('openPayee', OPEN, { country: 'DE', idempotencyKey: randomUUID(), ...input }, token);
const request = (token: string, input: object = {}) =>
  shop.mutate('requestPayout', REQUEST, { currency: 'EUR', idempotencyKey: randomUUID(), ...input }, token);

async function earn(authorId: string, amountMinor = 1_400) {
  const entries = [
    { account: `author-payable:${authorId}`, currency: 'EUR', amountMinor: -amountMinor },
    { account: 'provider-clearing', currency: 'EUR', amountMinor },
  ];
  await api.db.transaction((tx) => postLedger(tx, [{ key: randomUUID(), orderId: null, entries }], LONG_AGO));
}
/** An author with something to be paid out. */
async function ready() {
  const author = await api.signUp('AUTHOR');
  await open(author.token);
  await api.db.execute(
    sql`update payee set status = 'READY', payee_ref = ${randomUUID()} where author_id = ${author.id}`,
  );
  await earn(author.id);
  return author;
}

describe('an author', () => {
  it('becomes a payee, and is given a page to answer the provider on', async () => {
    const author = await api.signUp('AUTHOR');
    expect(await open(author.token)).toMatchObject({
      payee: { status: 'OPENING', country: 'DE', onboardingUrl: null },
    });
    const [row] = await api.db.execute<{ id: string }>(sql`select id from payee where author_id = ${author.id}`);
    const WATCH = 'subscription ($after: Int) { payeeStatus(after: $after) { seq status payee { onboardingUrl } } }';
    await api.db.execute(sql`
      update payee set status = 'ONBOARDING', onboarding_url = 'https://bank.example.org/x' where author_id = ${author.id}`);
    await api.happen(payeeOpened.of({ payeeId: String(row?.id), round: 1, status: 'ONBOARDING' }));
    const source = await openEvents(api.url, WATCH, { variables: { after: 1 }, token: author.token });
    const page = { onboardingUrl: 'https://bank.example.org/x' };
    expect((await source.next())?.data).toEqual({ payeeStatus: { seq: 2, status: 'ONBOARDING', payee: page } });
    source.close();
    expect(await open(author.token)).toMatchObject({ payee: { status: 'ONBOARDING', onboardingUrl: null } });
    expect(await open(author.token, { country: 'FR' })).toMatchObject({ code: 'CONFLICT' });
    expect(await open(author.token, { country: 'XX' })).toMatchObject({ fields: [{ path: 'input.country' }] });
    const VIEWER = '{ viewer { payee { status } } }';
    expect((await api.ask(VIEWER, {}, author.token)).data).toEqual({ viewer: { payee: { status: 'ONBOARDING' } } });
  });

  it('opened by ten requests at once is one payee', async () => {
    const author = await api.signUp('AUTHOR');
    await Promise.all(Array.from({ length: 10 }, () => open(author.token)));
    const [row] = await api.db.execute(sql`
      select count(*)::int as n, (select count(*)::int from event where subject = 'payee:' || min(p.id::text)) as events
      from payee p where author_id = ${author.id}`);
    expect(row).toEqual({ n: 1, events: 1 });
  });

  it('sees what is payable, on hold and under way, and is paid it once', async () => {
    const author = await ready();
    const BALANCES = `{ authorBalances { currency payable { amount } onHold { amount } processing { amount }
      threshold { amount } } }`;
    const balances = async () => (await api.ask(BALANCES, {}, author.token)).data?.['authorBalances'];
    const [zero, threshold] = [{ amount: '0.00' }, { amount: '10.00' }];
    expect(await balances()).toEqual([
      { currency: 'EUR', payable: { amount: '14.00' }, onHold: zero, processing: zero, threshold },
    ]);
    const idempotencyKey = randomUUID();
    const answers = await Promise.all(Array.from({ length: 10 }, () => request(author.token, { idempotencyKey })));
    expect(new Set(answers.map((answer) => payoutIn(answer).id)).size).toBe(1);
    expect(payoutIn(await request(author.token, { idempotencyKey }))).toMatchObject({
      status: 'REQUESTED',
      amount: { amount: '14.00', currency: 'EUR' },
      author: { id: globalId('User', author.id) },
      failure: null,
    });
    expect(await request(author.token, { idempotencyKey, currency: 'USD' })).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await request(author.token)).toMatchObject({ code: 'NOT_PAYABLE', reason: 'UNDER_WAY' });
    expect(await request(author.token, { currency: 'USD' })).toMatchObject({ reason: 'BELOW_THRESHOLD' });
    expect(await balances()).toEqual([
      { currency: 'EUR', payable: zero, onHold: zero, processing: { amount: '14.00' }, threshold },
    ]);
  });

  it('is paid nothing without a payee', async () => {
    const author = await api.signUp('AUTHOR');
    await earn(author.id);
    expect(await request(author.token)).toMatchObject({ reason: 'NO_PAYEE' });
    await open(author.token);
    expect(await request(author.token)).toMatchObject({ reason: 'PAYEE_NOT_READY' });
  });

  it('sees own payouts only; an admin sees all', async () => {
    const author = await ready();
    const { id } = payoutIn(await request(author.token));
    const [other, admin] = [await api.signUp('AUTHOR'), await api.signUp('ADMIN')];
    const LIST = 'query ($authorId: ID) { payouts(first: 1, status: REQUESTED, authorId: $authorId) { nodes { id } } }';
    const own = { authorId: globalId('User', author.id) };
    expect((await api.ask(LIST, {}, author.token)).data).toEqual({ payouts: { nodes: [{ id }] } });
    expect((await api.ask(LIST, {}, admin.token)).data).toEqual({ payouts: { nodes: [{ id }] } });
    expect((await api.ask(LIST, own, admin.token)).data).toEqual({ payouts: { nodes: [{ id }] } });
    expect((await api.ask(LIST, {}, other.token)).data).toEqual({ payouts: { nodes: [] } });
    expect((await api.ask(LIST, own, other.token)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    expect((await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id }, other.token)).data).toEqual({
      node: null,
    });
    const NAMED = 'query ($id: ID!) { node(id: $id) { ... on User { payee { status onboardingUrl } } } }';
    await api.db.execute(
      sql`update payee set onboarding_url = 'https://bank.example.org/x' where author_id = ${author.id}`,
    );
    const payeeAs = async (token: string) => (await api.ask(NAMED, { id: own.authorId }, token)).data?.['node'];
    const page = 'https://bank.example.org/x';
    expect(await payeeAs(author.token)).toEqual({ payee: { status: 'READY', onboardingUrl: page } });
    expect(await payeeAs(admin.token)).toEqual({ payee: { status: 'READY', onboardingUrl: null } });
    await shop.draft(author.token);
    expect(await payeeAs(other.token)).toEqual({ payee: null });
  });
});

it('a reader is not paid', async () => {
  const reader = await api.signUp();
  const answer = await api.ask(REQUEST, { input: { currency: 'EUR', idempotencyKey: randomUUID() } }, reader.token);
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
});

describe('payoutStatus', () => {
  it('tells the present state first, then each step, also when it comes back, and resumes behind a seq', async () => {
    const author = await ready();
    const { id } = payoutIn(await request(author.token));
    const payoutId = uuidIn(id);
    await api.happen(
      payoutSubmitted.of({ payoutId, status: 'PROCESSING' }),
      payoutPaid.of({ payoutId, status: 'PAID' }),
      payoutReturned.of({ payoutId, status: 'FAILED', reason: 'It came back.' }),
    );
    const WATCH =
      'subscription ($id: ID!, $after: Int) { payoutStatus(payoutId: $id, after: $after) { seq status reason } }';
    const source = await openEvents(api.url, WATCH, { variables: { id, after: 2 }, token: author.token });
    expect((await source.next())?.data).toEqual({ payoutStatus: { seq: 3, status: 'PAID', reason: null } });
    expect((await source.next())?.data).toEqual({
      payoutStatus: { seq: 4, status: 'FAILED', reason: 'It came back.' },
    });
    source.close();
    const whole = await openEvents(api.url, WATCH, { variables: { id }, token: author.token });
    expect((await whole.next())?.data).toEqual({ payoutStatus: { seq: 4, status: 'REQUESTED', reason: null } });
    whole.close();
  });
});
