import { expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { deadLetters, runs } from '../../src/db/tables/index.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { useApi } from './support/api.ts';

const api = useApi();

async function park(stage = 'receipt.send') {
  const id = newId();
  const now = new Date();
  await api.db.insert(runs).values({
    id: 'receipt/7',
    workflow: 'receipt',
    subject: 'order:x',
    shard: 0,
    state: 'PARKED',
    stage,
    atEventId: 7,
    startedAt: now,
  });
  await api.db.insert(deadLetters).values({
    id,
    stage,
    stream: 'order.completed',
    eventId: 7,
    runId: 'receipt/7',
    reason: 'ATTEMPTS_EXHAUSTED',
    error: 'Error: no mail today',
    attempts: 8,
    payload: { orderId: 'x' },
  });
  return encodeId('DeadLetter', id);
}

const LIST =
  '{ deadLetters(first: 10) { nodes { id stage reason error attempts payload state resolvedBy run { id state } } } }';
const resolve = (verb: 'replay' | 'discard') => {
  const name = `${verb}DeadLetter`;
  const type = `${verb === 'replay' ? 'Replay' : 'Discard'}DeadLetter`;
  return `mutation ($id: ID!) { ${name}(input: { id: $id }) { __typename
    ... on ${type}Payload { deadLetter { state resolvedBy run { state } } } ... on Error { code message } } }`;
};

test('an admin lists, replays once, and is told when it is too late', async () => {
  const id = await park();
  const admin = await api.signUp('ADMIN');
  const list = await api.ask(LIST, {}, admin.token);
  expect(list.data).toMatchObject({
    deadLetters: { nodes: [{ id, stage: 'receipt.send', attempts: 8, state: 'OPEN', run: { state: 'PARKED' } }] },
  });
  const first = await api.ask(resolve('replay'), { id }, admin.token);
  expect(first.data).toMatchObject({
    replayDeadLetter: { deadLetter: { state: 'REPLAYED', run: { state: 'RUNNING' } } },
  });
  const second = await api.ask(resolve('replay'), { id }, admin.token);
  expect(second.data).toMatchObject({ replayDeadLetter: { __typename: 'InvalidStateError' } });
});

test('an admin discards, and the run ends as failed', async () => {
  const id = await park();
  const admin = await api.signUp('ADMIN');
  const answer = await api.ask(resolve('discard'), { id }, admin.token);
  expect(answer.data).toMatchObject({
    discardDeadLetter: { deadLetter: { state: 'DISCARDED', run: { state: 'FAILED' } } },
  });
});

test('what is owed is not given up, alone or among others', async () => {
  const admin = await api.signUp('ADMIN');
  const owed = async () =>
    (await api.ask('{ deadLetters(first: 1) { nodes { stage isOwed } } }', {}, admin.token)).data;
  const id = await park('purchase.fulfil');
  expect(await owed()).toEqual({ deadLetters: { nodes: [{ stage: 'purchase.fulfil', isOwed: true }] } });
  const refused = await api.ask(resolve('discard'), { id }, admin.token);
  expect(refused.data).toMatchObject({ discardDeadLetter: { __typename: 'InvalidStateError', code: 'INVALID_STATE' } });
  const many = `mutation ($ids: [ID!]!, $decision: DeadLetterDecision!) {
    decideDeadLetters(input: { ids: $ids, decision: $decision }) { ... on DecideDeadLettersPayload { deadLetters { state } } } }`;
  const decide = async (decision: string) => (await api.ask(many, { ids: [id], decision }, admin.token)).data;
  expect(await decide('DISCARD')).toEqual({ decideDeadLetters: { deadLetters: [] } });
  expect(await decide('REPLAY')).toEqual({ decideDeadLetters: { deadLetters: [{ state: 'REPLAYED' }] } });
});

test.each(['purchase.authorize-payment', 'receipt.send'])(
  'what can be undone or left is not owed: %s',
  async (stage) => {
    const admin = await api.signUp('ADMIN');
    const answer = await api.ask(resolve('discard'), { id: await park(stage) }, admin.token);
    expect(answer.data).toMatchObject({ discardDeadLetter: { deadLetter: { state: 'DISCARDED' } } });
  },
);

test('nobody else sees or touches them', async () => {
  const id = await park();
  const author = await api.signUp('AUTHOR');
  for (const token of [undefined, author.token]) {
    const list = await api.ask(LIST, {}, token);
    expect(list.errors?.[0]?.extensions?.['code']).toMatch(/UNAUTHENTICATED|FORBIDDEN/);
    const replay = await api.ask(resolve('replay'), { id }, token);
    expect(replay.errors?.[0]?.extensions?.['code']).toMatch(/UNAUTHENTICATED|FORBIDDEN/);
  }
});
