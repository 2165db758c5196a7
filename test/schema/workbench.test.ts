import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { newId } from '../../src/db/tables/columns.ts';
import { deadLetters, events, runs, timers } from '../../src/db/tables/index.ts';
import { orderPlaced, orderValidated } from '../../src/events/index.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { hidePersonal } from '../../src/schema/disclosure.ts';
import { useApi } from './support/api.ts';
import { openEvents } from './support/event-source.ts';

const api = useApi();

const EVENT_ROW = { shard: 0, seq: 1, type: 'order.placed', payload: {} };
const addEvent = async (row: Partial<typeof events.$inferInsert> & { subject: string }) => {
  const [event] = await api.db
    .insert(events)
    .values({ ...EVENT_ROW, ...row })
    .returning({ id: events.id });
  return event?.id ?? 0;
};
const addRun = (row: Partial<typeof runs.$inferInsert> & { id: string }) =>
  api.db.insert(runs).values({
    workflow: row.id.split('/', 1)[0] ?? '',
    subject: 'order:x',
    shard: 0,
    state: 'RUNNING',
    stage: 'purchase.validate',
    atEventId: 1,
    startedAt: new Date('2026-01-01T00:00:00Z'),
    ...row,
  });
const errorCode = (answer: Awaited<ReturnType<typeof api.ask>>) => answer.errors?.[0]?.extensions?.['code'];

const RUNS = `query ($filter: RunFilter, $first: Int!, $after: String) {
  runs(filter: $filter, first: $first, after: $after) { nodes { id next { stage attempt dueAt compensates } } pageInfo { hasNextPage endCursor } } }`;
const runsPage = z.object({
  runs: z.object({
    nodes: z.array(z.object({ id: z.string(), next: z.unknown() })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});
async function askRuns(token: string, filter: object | null, first = 50, after: string | null = null) {
  return runsPage.parse((await api.ask(RUNS, { filter, first, after }, token)).data).runs;
}
const ids = (page: { nodes: { id: string }[] }) => page.nodes.map(({ id }) => id);

test('runs of all workflows come newest first, page by page, none twice', async () => {
  const { token } = await api.signUp('ADMIN');
  for (let at = 0; at < 9; at++) {
    const workflow = ['purchase', 'publish', 'receipt'][at % 3] ?? '';
    await addRun({ id: `${workflow}/${at}`, startedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, Math.floor(at / 2))) });
  }
  const seen: string[] = [];
  let after: string | null = null;
  for (let pages = 0; pages < 9; pages++) {
    const page: Awaited<ReturnType<typeof askRuns>> = await askRuns(token, null, 2, after);
    seen.push(...ids(page));
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) break;
  }
  expect(seen).toHaveLength(9);
  expect(new Set(seen).size).toBe(9);
  expect(seen[0]).toBe('receipt/8');
  expect(seen.at(-1)).toMatch(/\/[01]$/);
});

test('a run is found by order, edition, e-mail address, its own id, stage, age and error', async () => {
  const admin = await api.signUp('ADMIN');
  const buyer = await api.signUp();
  const orderId = newId();
  await api.db.execute(sql`
    insert into "order" (id, buyer_id, status, amount_minor, currency, created_at, updated_at)
    values (${orderId}, ${buyer.id}, 'PENDING_PAYMENT', 100, 'EUR', now(), now())`);
  const subject = `order:${orderId}`;
  const run = `purchase/${await addEvent({ subject })}`;
  await addRun({ id: run, subject, lastError: 'Error: The Gateway is away' });
  const other = `purchase/${await addEvent({ subject: 'order:x' })}`;
  await addRun({ id: other, startedAt: new Date('2026-02-01T00:00:00Z'), stage: 'purchase.fulfil' });
  const find = async (filter: object) => ids(await askRuns(admin.token, filter));
  expect(await find({ search: orderId })).toEqual([run]);
  expect(await find({ search: encodeId('Order', orderId) })).toEqual([run]);
  expect(await find({ search: buyer.email.toUpperCase() })).toEqual([run]);
  expect(await find({ search: other })).toEqual([other]);
  expect(await find({ search: 'nobody@example.org' })).toEqual([]);
  expect(await find({ stage: 'purchase.fulfil' })).toEqual([other]);
  expect(await find({ error: 'gateway is' })).toEqual([run]);
  expect(await find({ error: '%' })).toEqual([]);
  expect(await find({ startedBefore: '2026-01-15T00:00:00.000Z' })).toEqual([run]);
  expect(await find({ startedAfter: '2026-01-15T00:00:00.000Z' })).toEqual([other]);
  expect(await find({ workflow: 'publish' })).toEqual([]);
  expect(await find({ subject })).toEqual([run]);
  expect(await find({ subject, workflow: 'publish' })).toEqual([]);
  expect(await find({ subject, search: other })).toEqual([]);
});

test('the runs about a thing are told newest first, those of a workflow that is gone too', async () => {
  const { token } = await api.signUp('ADMIN');
  const subject = 'order:t';
  const startedAt = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
  const placed = await addEvent({ subject });
  const purchase = `purchase/${placed}`;
  await addRun({ id: purchase, subject, startedAt: startedAt(1) });
  const completed = await addEvent({ subject, seq: 2, type: 'order.completed', runId: purchase });
  await addRun({ id: `receipt/${completed}`, subject, startedAt: startedAt(3) });
  const gone = `parcel/${placed}`;
  await addRun({ id: gone, subject, startedAt: startedAt(2) });
  await addEvent({ subject, seq: 3, type: 'parcel.sent', runId: gone });
  // What a run tells of another thing does not make it a run about that.
  const elsewhere = await addEvent({ subject: 'order:y' });
  await addRun({ id: `purchase/${elsewhere}`, subject: 'order:y' });
  await addEvent({ subject, seq: 4, type: 'order.noticed', runId: `purchase/${elsewhere}` });
  const answer = await api.ask(`{ subject(name: "${subject}") { runs { id } } }`, {}, token);
  const expected = [`receipt/${completed}`, gone, purchase];
  expect(answer.data).toEqual({ subject: { runs: expected.map((id) => ({ id })) } });
  expect(ids(await askRuns(token, { subject }))).toEqual(expected);
  const first = await askRuns(token, { subject }, 1);
  expect(ids(await askRuns(token, { subject }, 1, first.pageInfo.endCursor))).toEqual([gone]);
});

test('a run tells what happens next, and nothing when it has ended', async () => {
  const { token } = await api.signUp('ADMIN');
  const retryAt = new Date('2026-01-02T00:00:00Z');
  await addRun({ id: 'purchase/1', failures: 2, retryAt });
  await addRun({ id: 'purchase/2', state: 'COMPLETED', endedAt: new Date('2026-01-01T00:00:01Z') });
  const next = new Map((await askRuns(token, null)).nodes.map((run) => [run.id, run.next]));
  expect(next.get('purchase/1')).toEqual({
    stage: 'purchase.validate',
    attempt: 3,
    dueAt: retryAt.toISOString(),
    compensates: false,
  });
  expect(next.get('purchase/2')).toBeNull();
});

test('a payload shows ids and states, and what may be personal only to who asks, which is kept', async () => {
  const admin = await api.signUp('ADMIN');
  const orderId = newId();
  const payload = { orderId, status: 'DECLINED', reason: 'Ada said no', email: 'ada@example.org' };
  const number = await addEvent({ subject: `order:${orderId}`, payload });
  const seen = await api.ask(
    '{ subject(name: "order:' +
      orderId +
      '") { events(first: 5) { nodes { number payload } } } disclosures(first: 5) { nodes { target } } }',
    {},
    admin.token,
  );
  expect(JSON.stringify(seen.data)).not.toContain('Ada');
  expect(JSON.stringify(seen.data)).not.toContain('ada@');
  expect(JSON.stringify(seen.data)).toContain(orderId);
  expect(JSON.stringify(seen.data)).toContain('DECLINED');
  expect(seen.data).toMatchObject({ disclosures: { nodes: [] } });
  const whole = await api.ask(
    'mutation ($number: SafeInt!) { discloseEvent(input: { number: $number }) { ... on DiscloseEventPayload { payload } } }',
    { number },
    admin.token,
  );
  const { discloseEvent } = z.object({ discloseEvent: z.object({ payload: z.string() }) }).parse(whole.data);
  expect(JSON.parse(discloseEvent.payload)).toEqual(payload);
  const kept = await api.ask('{ disclosures(first: 5) { nodes { kind target admin { email } } } }', {}, admin.token);
  expect(kept.data).toEqual({
    disclosures: { nodes: [{ kind: 'EVENT', target: String(number), admin: { email: admin.email } }] },
  });
});

test('only what cannot be a person’s own is shown', () => {
  expect(
    hidePersonal({
      id: '01999999-aaaa-7bbb-8ccc-123456789012',
      at: '2026-01-01T00:00:00.000Z',
      stage: 'purchase.fulfil',
      amountMinor: 5,
      isPaid: true,
      none: null,
      giftTo: 'ada',
      displayName: 'ADA',
      reason: 'Ada Lovelace',
      deep: [{ note: 'x', currency: 'EUR' }],
    }),
  ).toEqual({
    id: '01999999-aaaa-7bbb-8ccc-123456789012',
    at: '2026-01-01T00:00:00.000Z',
    stage: 'purchase.fulfil',
    amountMinor: 5,
    isPaid: true,
    none: null,
    giftTo: '•••',
    displayName: '•••',
    reason: '•••',
    deep: [{ note: '•••', currency: 'EUR' }],
  });
});

test('a thing is seen as it stood after any of its events', async () => {
  const { token } = await api.signUp('ADMIN');
  const orderId = newId();
  const subject = `order:${orderId}`;
  await addEvent({ subject, seq: 1, payload: { orderId, status: 'PENDING_PAYMENT' } });
  await addEvent({ subject, seq: 2, payload: { orderId, status: 'DECLINED', code: 'NO_FUNDS' } });
  const answer = await api.ask(
    `{ subject(name: "${subject}") { lastSeq now: state before: state(at: 1) events(first: 1) { nodes { seq } pageInfo { hasNextPage } } } none: subject(name: "order:none") { lastSeq } }`,
    {},
    token,
  );
  expect(answer.data).toEqual({
    subject: {
      lastSeq: 2,
      now: JSON.stringify({ code: 'NO_FUNDS', status: 'DECLINED', orderId }),
      before: JSON.stringify({ status: 'PENDING_PAYMENT', orderId }),
      events: { nodes: [{ seq: 1 }], pageInfo: { hasNextPage: true } },
    },
    none: null,
  });
});

test('timers come in the order they are due', async () => {
  const { token } = await api.signUp('ADMIN');
  await addRun({ id: 'purchase/1' });
  for (const minute of [3, 1, 2]) {
    const dueAt = new Date(Date.UTC(2026, 0, 1, 0, minute));
    await api.db
      .insert(timers)
      .values({ dueAt, shard: 0, stage: 'purchase.validate', runId: 'purchase/1', eventId: minute });
  }
  const answer = await api.ask(
    '{ timers(first: 2) { nodes { dueAt stage compensates run { id } } pageInfo { hasNextPage } } }',
    {},
    token,
  );
  const first = { stage: 'purchase.validate', compensates: false, run: { id: 'purchase/1' } };
  expect(answer.data).toEqual({
    timers: {
      nodes: [
        { dueAt: '2026-01-01T00:01:00.000Z', ...first },
        { dueAt: '2026-01-01T00:02:00.000Z', ...first },
      ],
      pageInfo: { hasNextPage: true },
    },
  });
});

test('a schedule tells its times, and is run by hand once in a second', async () => {
  const { token, email } = await api.signUp('ADMIN');
  const run = () =>
    api.ask(
      'mutation { runSchedule(input: { name: "health" }) { __typename ... on RunSchedulePayload { schedule { name cron nextAt lastSlots { claimedBy } } } } }',
      {},
      token,
    );
  const answer = await run();
  expect(answer.data).toMatchObject({
    runSchedule: { schedule: { name: 'health', cron: '0 3 * * *', lastSlots: [{ claimedBy: email }] } },
  });
  expect(JSON.stringify(answer.data)).toMatch(/"nextAt":"\d{4}-\d\d-\d\dT03:00:00.000Z"/);
  const [due] = await api.db
    .select()
    .from(events)
    .where(sql`type = 'health.due'`);
  expect(due?.payload).toMatchObject({ slot: expect.stringMatching(/\.000Z$/) });
  const unknown = await api.ask('mutation { runSchedule(input: { name: "tea" }) { __typename } }', {}, token);
  expect(unknown.data).toEqual({ runSchedule: { __typename: 'NotFoundError' } });
});

async function park(payload: object, { subject = 'order:x', id = newId() } = {}) {
  const eventId = await addEvent({ subject, payload, runId: null });
  const runId = `purchase/${eventId}`;
  await addRun({ id: runId, subject, state: 'PARKED', atEventId: eventId });
  await api.db.insert(deadLetters).values({
    id,
    stage: 'purchase.validate',
    stream: 'order.placed',
    eventId,
    runId,
    reason: 'TERMINAL',
    error: 'boom',
    attempts: 1,
    payload,
  });
  return { id: encodeId('DeadLetter', id), eventId, runId };
}

const REPLAY = `mutation ($id: ID!, $payload: String) { replayDeadLetter(input: { id: $id, payload: $payload }) { __typename
  ... on ReplayDeadLetterPayload { deadLetter { state resolvedBy } } ... on ValidationError { fields { path message } } } }`;

test('a dead letter is replayed with another payload, of which only its stage hears', async () => {
  const admin = await api.signUp('ADMIN');
  const orderId = newId();
  const subject = `order:${orderId}`;
  const letter = await park({ orderId }, { subject });
  const ask = (payload: string) => api.ask(REPLAY, { id: letter.id, payload }, admin.token);
  expect((await ask('{')).data).toMatchObject({ replayDeadLetter: { fields: [{ message: 'This is not JSON.' }] } });
  expect((await ask(JSON.stringify({ orderId }))).data).toMatchObject({
    replayDeadLetter: { fields: [{ path: 'input.payload', message: expect.stringContaining('status') }] },
  });
  expect((await ask(JSON.stringify({ orderId: newId(), status: 'X' }))).data).toMatchObject({
    replayDeadLetter: { fields: [{ message: expect.stringContaining('has to stay about') }] },
  });
  const good = { orderId, status: 'PENDING_PAYMENT' };
  expect((await ask(JSON.stringify(good))).data).toMatchObject({
    replayDeadLetter: { deadLetter: { state: 'REPLAYED', resolvedBy: admin.email } },
  });
  const [edited] = await api.db
    .select()
    .from(events)
    .where(sql`subject = ${subject} and seq = 2`);
  expect(edited).toMatchObject({ type: orderPlaced.type, runId: letter.runId, payload: good });
  const [run] = await api.db
    .select()
    .from(runs)
    .where(sql`id = ${letter.runId}`);
  expect(run).toMatchObject({ state: 'RUNNING', atEventId: edited?.id, failures: 0 });
  const [timer] = await api.db.select().from(timers);
  expect(timer).toMatchObject({ stage: 'purchase.validate', runId: letter.runId, eventId: edited?.id });
  const [sent] = await api.db.execute<{ count: number }>(sql`select count(*)::int as count from outbox`);
  expect(sent?.count).toBe(0);
  expect((await ask(JSON.stringify(good))).data).toMatchObject({
    replayDeadLetter: { __typename: 'InvalidStateError' },
  });
});

test('many dead letters are decided at once; those decided before stay as they are', async () => {
  const { token } = await api.signUp('ADMIN');
  const [first, second] = [await park({}), await park({}, { subject: 'order:y' })];
  const decide = (decision: string) =>
    api.ask(
      'mutation ($ids: [ID!]!, $decision: DeadLetterDecision!) { decideDeadLetters(input: { ids: $ids, decision: $decision }) { ... on DecideDeadLettersPayload { deadLetters { id state } } } }',
      { ids: [first.id, second.id, first.id], decision },
      token,
    );
  await api.ask(
    'mutation ($id: ID!) { discardDeadLetter(input: { id: $id }) { __typename } }',
    { id: first.id },
    token,
  );
  expect((await decide('REPLAY')).data).toEqual({
    decideDeadLetters: { deadLetters: [{ id: second.id, state: 'REPLAYED' }] },
  });
  expect((await decide('DISCARD')).data).toEqual({ decideDeadLetters: { deadLetters: [] } });
});

/** When the first event of a type was committed, as the API tells it. */
const committedAt = async (type: string) => {
  const [row] = await api.db.execute<{ at: Date | string }>(
    sql`select created_at as at from event where type = ${type} order by id limit 1`,
  );
  return row && new Date(row.at).toISOString();
};

test('the figures of stages and streams are those of PostgreSQL and Redis', async () => {
  const { token } = await api.signUp('ADMIN');
  const orderId = newId();
  await api.happen(orderPlaced.of({ orderId, status: 'PENDING_PAYMENT' }), {
    ...orderValidated.of({ orderId, status: 'PENDING_PAYMENT' }),
    origin: { runId: 'purchase/1', stage: 'purchase.validate', attempts: 1, durationMs: 40 },
  });
  await addRun({ id: 'purchase/1', retryAt: new Date() });
  await addRun({ id: 'purchase/2', state: 'PARKED' });
  const answer = await api.ask(
    '{ stageFigures { stage waiting inFlight retrying parked perMinute p50Ms events { type perMinute } } streams { name length lastStamped lastSent firstKept oldestAt groups { stage } } relays { unsent } }',
    {},
    token,
  );
  const figures = z.array(z.looseObject({ stage: z.string() })).parse(answer.data?.['stageFigures']);
  expect(figures.find(({ stage }) => stage === 'purchase.validate')).toEqual({
    stage: 'purchase.validate',
    waiting: 0,
    inFlight: 0,
    retrying: 1,
    parked: 1,
    perMinute: 0.2,
    p50Ms: 40,
    events: [{ type: 'order.validated', perMinute: 0.2 }],
  });
  const streams = z.array(z.looseObject({ name: z.string() })).parse(answer.data?.['streams']);
  expect(streams.find(({ name }) => name === 'order.placed')).toEqual({
    name: 'order.placed',
    length: 1,
    lastStamped: 1,
    lastSent: 1,
    firstKept: 1,
    oldestAt: await committedAt('order.placed'),
    groups: [],
  });
});

test('figures are told when they change, and not to who is no admin any more', async () => {
  const admin = await api.signUp('ADMIN');
  const watch = await openEvents(api.url, 'subscription { stageFigures { stage parked } }', { token: admin.token });
  const parked = async () => {
    const event = await watch.next();
    const figures = z
      .array(z.object({ stage: z.string(), parked: z.number() }))
      .parse(event?.data?.['stageFigures'] ?? []);
    return event && figures.find(({ stage }) => stage === 'purchase.validate')?.parked;
  };
  // The first figures may be those that somebody else was told a moment ago.
  const before = await parked();
  for (let at = 0; at < 2; at++) await addRun({ id: `purchase/${at}`, state: 'PARKED' });
  expect(before).not.toBe(2);
  while ((await parked()) !== 2);
  await api.db.execute(sql`update "user" set role = 'READER' where id = ${admin.id}`);
  expect(await watch.next()).toBeNull();
  const { token } = await api.signUp();
  const refused = await openEvents(api.url, 'subscription { stageFigures { stage } }', { token });
  expect((await refused.next())?.errors).toHaveLength(1);
});

test('streams are told when they change, and not to who is no admin any more', async () => {
  const admin = await api.signUp('ADMIN');
  await api.happen(orderPlaced.of({ orderId: newId(), status: 'PENDING_PAYMENT' }));
  const watch = await openEvents(api.url, 'subscription { streams { name length } }', { token: admin.token });
  const streams = z.array(z.object({ name: z.string(), length: z.number().nullable() }));
  const lengthOf = async () => {
    const event = await watch.next();
    return event && streams.parse(event.data?.['streams']).find(({ name }) => name === 'order.placed')?.length;
  };
  const before = (await lengthOf()) ?? 0;
  await api.happen(orderPlaced.of({ orderId: newId(), status: 'PENDING_PAYMENT' }));
  while ((await lengthOf()) !== before + 1);
  await api.db.execute(sql`update "user" set role = 'READER' where id = ${admin.id}`);
  expect(await watch.next()).toBeNull();
  const { token } = await api.signUp();
  const refused = await openEvents(api.url, 'subscription { streams { name } }', { token });
  expect((await refused.next())?.errors).toHaveLength(1);
});

test('nobody but an admin sees or does any of it', async () => {
  const author = await api.signUp('AUTHOR');
  for (const field of [
    'runs(first: 1) { nodes { id } }',
    'timers(first: 1) { nodes { stage } }',
    'schedules { name }',
    'stageFigures { stage }',
    'streams { name }',
    'relays { shard }',
    'disclosures(first: 1) { nodes { target } }',
    'subject(name: "order:x") { name }',
  ]) {
    expect([field, errorCode(await api.ask(`{ ${field} }`, {}, author.token))]).toEqual([field, 'FORBIDDEN']);
    expect([field, errorCode(await api.ask(`{ ${field} }`))]).toEqual([field, 'UNAUTHENTICATED']);
  }
  for (const mutation of [
    'runSchedule(input: { name: "health" })',
    'discloseEvent(input: { number: 1 })',
    'decideDeadLetters(input: { ids: ["x"], decision: REPLAY })',
  ]) {
    const answer = await api.ask(`mutation { ${mutation} { __typename } }`, {}, author.token);
    expect([mutation, errorCode(answer) ?? JSON.stringify(answer.data)]).toEqual([
      mutation,
      expect.stringMatching(/FORBIDDEN|ValidationError/),
    ]);
  }
});

test('a run tells what its stages asked of the outside, why a try failed, and how often one was put off', async () => {
  const { token } = await api.signUp('ADMIN');
  const at = '2026-01-01T00:00:00.000Z';
  const call = { what: 'gateway.authorize', key: 'order:1:authorize', at, ms: 12, outcome: 'GATEWAY_TIMEOUT' };
  const waits = { count: 3, since: at, until: '2026-01-01T00:05:00.000Z' };
  const began = await addEvent({ subject: 'order:t' });
  const id = `purchase/${began}`;
  await addRun({ id, subject: 'order:t', trail: { calls: [{ ...call, ms: null }], waits } });
  const failed = { stage: 'purchase.authorize', failures: 1, retryAt: at, error: 'GatewayTimeoutError: no answer' };
  await addEvent({
    subject: 'order:t',
    runId: id,
    seq: 2,
    type: 'stage.retrying',
    payload: failed,
    trail: { calls: [call] },
  });
  await addEvent({ subject: 'order:t', runId: id, seq: 3, trail: { from: 'another release' } });
  const query = `query { run(id: "${id}") {
    calls { what idempotencyKey at durationMs outcome undoes } waits { count since until }
    timeline { seq error calls { what idempotencyKey durationMs outcome } waits { count } } } }`;
  const { data } = await api.ask(query, {}, token);
  const { what, key: idempotencyKey, outcome } = call;
  expect(data?.['run']).toEqual({
    calls: [{ what, idempotencyKey, at, durationMs: null, outcome, undoes: null }],
    waits,
    timeline: [
      { seq: 1, error: null, calls: [], waits: null },
      { seq: 2, error: failed.error, calls: [{ what, idempotencyKey, durationMs: 12, outcome }], waits: null },
      { seq: 3, error: null, calls: [], waits: null },
    ],
  });
});
