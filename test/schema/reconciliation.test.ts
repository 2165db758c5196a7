import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import * as tables from '../../src/db/tables/index.ts';
import { useApi } from './support/api.ts';
import { globalId, market } from './support/market.ts';

const api = useApi();
const shop = market(api);

const LIST = `query ($status: DifferenceStatus) { reconciliationDifferences(first: 10, status: $status) { nodes {
  id kind status movement ref ledgerKey ours { amount } theirs { amount } explainedBy { name } note } } }`;
const LAST = '{ reconciliation { slot gateway endedAt movements found open } }';
const EXPLAIN = `mutation ($input: ExplainDifferenceInput!) { explainDifference(input: $input) { __typename
  ... on ExplainDifferencePayload { difference { status note explainedBy { name } explainedAt } }
  ... on Error { code message } ... on ValidationError { fields { path } } } }`;

async function found(kind: 'AMOUNT' | 'MISSING_THERE' = 'AMOUNT', status: 'OPEN' | 'CLEARED' = 'OPEN') {
  const id = newId();
  const theirs =
    kind === 'AMOUNT' ? { movementKind: 'PAYOUT' as const, ref: 'po_1', theirMinor: 998, theirCurrency: 'EUR' } : {};
  const ours = { ledgerKey: 'payout-paid:1', ourMinor: 999, ourCurrency: 'EUR' };
  await api.db
    .insert(tables.reconciliationDifferences)
    .values({ id, gateway: 'sandbox', kind, status, subject: id, ...ours, ...theirs });
  return id;
}

describe('an admin', () => {
  it('sees the last comparison, and how much is open of all', async () => {
    const admin = await api.signUp('ADMIN');
    expect((await api.ask(LAST, {}, admin.token)).data).toEqual({ reconciliation: null });
    const night = { gateway: 'sandbox', movements: 7, found: 2, startedAt: new Date(), endedAt: null };
    await api.db.insert(tables.reconciliations).values([
      { ...night, slot: new Date('2026-11-01T02:41:00Z') },
      { ...night, slot: new Date('2026-11-02T02:41:00Z'), found: 1 },
    ]);
    await found();
    await found('AMOUNT', 'CLEARED');
    expect((await api.ask(LAST, {}, admin.token)).data).toEqual({
      reconciliation: {
        slot: '2026-11-02T02:41:00.000Z',
        gateway: 'sandbox',
        endedAt: null,
        movements: 7,
        found: 1,
        open: 1,
      },
    });
  });

  it('sees each difference with both sides, and says why it is so', async () => {
    const admin = await api.signUp('ADMIN');
    const id = globalId('ReconciliationDifference', await found());
    await found('MISSING_THERE');
    await found('AMOUNT', 'CLEARED');
    const list = async (status: string) =>
      (await api.ask(LIST, { status }, admin.token)).data?.['reconciliationDifferences'];
    const side = {
      status: 'OPEN',
      ledgerKey: 'payout-paid:1',
      ours: { amount: '9.99' },
      explainedBy: null,
      note: null,
    };
    expect(await list('OPEN')).toMatchObject({
      nodes: [
        { ...side, kind: 'MISSING_THERE', movement: null, ref: null, theirs: null },
        { ...side, id, kind: 'AMOUNT', movement: 'PAYOUT', ref: 'po_1', theirs: { amount: '9.98' } },
      ],
    });
    const explain = (input: object) => shop.mutate('explainDifference', EXPLAIN, { id, ...input }, admin.token);
    expect(await explain({ note: '  ' })).toMatchObject({ fields: [{ path: 'input.note' }] });
    expect(await explain({ note: 'A slip.' })).toMatchObject({
      difference: { status: 'EXPLAINED', note: 'A slip.', explainedBy: { name: 'Ada' } },
    });
    expect(await explain({ note: 'Rounded by the bank.' })).toMatchObject({
      difference: { note: 'Rounded by the bank.' },
    });
    expect(await list('OPEN')).toMatchObject({ nodes: [{ kind: 'MISSING_THERE' }] });
    expect(await list('EXPLAINED')).toMatchObject({ nodes: [{ id }] });
    await api.db.execute(sql`update reconciliation_difference set status = 'CLEARED'`);
    expect(await explain({ note: 'Again.' })).toMatchObject({ code: 'NOT_FOUND' });
  });
});

it('nobody else sees the books', async () => {
  const id = globalId('ReconciliationDifference', await found());
  for (const role of ['READER', 'AUTHOR'] as const) {
    const { token } = await api.signUp(role);
    for (const query of [LAST, LIST]) {
      expect((await api.ask(query, {}, token)).errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    }
    const answer = await api.ask(EXPLAIN, { input: { id, note: 'Mine.' } }, token);
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
    expect((await api.ask('query ($id: ID!) { node(id: $id) { id } }', { id }, token)).data).toEqual({ node: null });
  }
});
