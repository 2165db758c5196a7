import { sql } from 'drizzle-orm';
import { createClient } from 'graphql-ws';
import { randomUUID } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { HEALTH_SUBJECT } from '../../src/events/index.ts';
import { healthReports, runs } from '../../src/db/tables/index.ts';
import { newId } from '../../src/db/tables/columns.ts';
import { openEvents } from './support/event-source.ts';
import { useApi } from './support/api.ts';

const api = useApi({ keepRows: true });

const HEALTH =
  'subscription ($after: Int) { health(after: $after) { seq status report { slot checks { name detail } } } }';
const report = (status: 'UP' | 'DOWN', reportId: string = newId()) => ({
  type: 'health.reported',
  subject: HEALTH_SUBJECT,
  payload: { slot: new Date().toISOString(), reportId, status },
});

test('begins with an empty state where nothing has happened yet', async () => {
  const events = await openEvents(api.url, HEALTH, {});
  expect(await events.next()).toMatchObject({ data: { health: { seq: 0, status: null, report: null } } });
  await api.happen(report('UP'));
  expect(await events.next()).toMatchObject({ id: '1', data: { health: { seq: 1, status: 'UP' } } });
  events.close();
});

test('gives the present state first, then every event with a gapless seq', async () => {
  await api.happen(report('DOWN'));
  const events = await openEvents(api.url, HEALTH, {});
  expect(await events.next()).toMatchObject({ id: '2', data: { health: { seq: 2, status: 'DOWN' } } });
  await api.happen(report('UP'));
  await api.happen(report('DOWN'));
  expect(await events.next()).toMatchObject({ id: '3', data: { health: { seq: 3, status: 'UP' } } });
  expect(await events.next()).toMatchObject({ id: '4', data: { health: { seq: 4, status: 'DOWN' } } });
  events.close();
});

test('resumes behind `after`, and behind Last-Event-ID, without the snapshot', async () => {
  const after = await openEvents(api.url, HEALTH, { variables: { after: 1 } });
  expect(await after.next()).toMatchObject({ id: '2', data: { health: { status: 'DOWN' } } });
  expect(await after.next()).toMatchObject({ id: '3' });
  const resumed = await openEvents(api.url, HEALTH, { lastEventId: '2' });
  expect(await resumed.next()).toMatchObject({ id: '3', data: { health: { status: 'UP' } } });
  after.close();
  resumed.close();
});

test('frees a subscription as soon as its reader is gone', async () => {
  const events = await openEvents(api.url, HEALTH, {});
  await events.next();
  await vi.waitFor(() => expect([api.server.subscriptionCount(), api.feed.subscriberCount]).toEqual([1, 1]));
  events.close();
  await vi.waitFor(() => expect([api.server.subscriptionCount(), api.feed.subscriberCount]).toEqual([0, 0]), 5_000);
});

test('shows the details of the checks to admins only', async () => {
  const id = newId();
  const checks = [{ name: 'redis', status: 'UP', detail: 'redis://secret', durationMs: 1 }];
  await api.db.insert(healthReports).values({ id, slot: new Date(), status: 'UP', checks });
  await api.happen(report('UP', id));
  const { token } = await api.signUp('ADMIN');
  const reader = await openEvents(api.url, HEALTH, {});
  const admin = await openEvents(api.url, HEALTH, { token });
  const shown = (detail: string | null) => ({ data: { health: { report: { checks: [{ name: 'redis', detail }] } } } });
  expect(await reader.next()).toMatchObject(shown(null));
  expect(await admin.next()).toMatchObject(shown('redis://secret'));
  reader.close();
  admin.close();
});

async function startRun() {
  const number = randomUUID();
  const id = `purchase/${number}`;
  const subject = `order:${number}`;
  const base = { workflow: 'purchase', shard: 0, state: 'RUNNING' as const, atEventId: 1, startedAt: new Date() };
  await api.db.insert(runs).values({ ...base, id, subject, stage: 'purchase.validate' });
  const step = (type: string, payload: object) => ({
    type,
    subject,
    payload,
    origin: { runId: id, stage: 'purchase.validate', attempts: 1, durationMs: 5 },
  });
  await api.happen(step('order.placed', { status: 'PENDING_PAYMENT' }));
  return { id, step };
}
const RUN = 'subscription ($id: String!) { runUpdates(runId: $id) { seq type stage retryAt run { state } } }';

test('shows a run to admins as it happens, retries with the time of the next', async () => {
  const { id, step } = await startRun();
  const { token } = await api.signUp('ADMIN');
  const events = await openEvents(api.url, RUN, { variables: { id }, token });
  expect(await events.next()).toMatchObject({
    data: { runUpdates: { seq: 1, type: null, run: { state: 'RUNNING' } } },
  });
  await api.happen(
    step('stage.retrying', { stage: 'purchase.validate', failures: 1, retryAt: '2030-01-01T00:00:00.000Z' }),
  );
  expect(await events.next()).toMatchObject({
    id: '2',
    data: { runUpdates: { type: 'stage.retrying', retryAt: '2030-01-01T00:00:00.000Z' } },
  });
  events.close();
});

test('is counted at its event in the timeline, for whoever asks what a subscriber was told', async () => {
  const { id, step } = await startRun();
  const { token } = await api.signUp('ADMIN');
  const watches = await Promise.all([1, 2].map(() => openEvents(api.url, RUN, { variables: { id }, token })));
  for (const watch of watches) await watch.next();
  await api.happen(step('order.validated', { status: 'PENDING_PAYMENT' }));
  for (const watch of watches) await watch.next();
  const query = 'query ($id: String!) { run(id: $id) { timeline { type deliveries deliveredAt } } }';
  const { data } = await api.ask(query, { id }, token);
  expect(data?.['run']).toEqual({
    timeline: [
      { type: 'order.placed', deliveries: 0, deliveredAt: null },
      { type: 'order.validated', deliveries: 2, deliveredAt: expect.any(String) },
    ],
  });
  for (const watch of watches) watch.close();
});

test('is refused to who may not see it', async () => {
  const { id } = await startRun();
  const { token } = await api.signUp('AUTHOR');
  const events = await openEvents(api.url, RUN, { variables: { id }, token });
  expect(await events.next()).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  const nobody = await openEvents(api.url, RUN, { variables: { id } });
  expect(await nobody.next()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
});

test.each(['sign-out', 'loss of the role'])('sends nothing after %s', async (how) => {
  const { id, step } = await startRun();
  const { token, id: userId } = await api.signUp('ADMIN');
  const events = await openEvents(api.url, RUN, { variables: { id }, token });
  await events.next();
  if (how === 'sign-out') await api.services.auth.signOut(token);
  else await api.db.execute(sql`update "user" set role = 'READER' where id = ${userId}`);
  const fresh = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_001);
  await api.happen(step('order.validated', { status: 'PENDING_PAYMENT' }));
  expect(await events.next()).toMatchObject({ data: null, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  expect(await events.next()).toBeNull();
  fresh.mockRestore();
});

test('works over WebSockets, where mutations are refused', async () => {
  const { id, step } = await startRun();
  const { token } = await api.signUp('ADMIN');
  const client = createClient({
    url: `${api.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });
  const updates = client.iterate({ query: RUN, variables: { id } });
  expect((await updates.next()).value).toMatchObject({ data: { runUpdates: { seq: 1 } } });
  await api.happen(step('order.validated', { status: 'PENDING_PAYMENT' }));
  expect((await updates.next()).value).toMatchObject({ data: { runUpdates: { seq: 2, type: 'order.validated' } } });
  await updates.return?.();
  await vi.waitFor(() => expect(api.server.subscriptionCount()).toBe(0));
  await expect(client.iterate({ query: 'mutation { signOut }' }).next()).rejects.toMatchObject([
    { extensions: { code: 'POST_REQUIRED' } },
  ]);
  await client.dispose();
});
