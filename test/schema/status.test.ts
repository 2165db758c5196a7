import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { editions, orders, revisions, works } from '../../src/db/tables/index.ts';
import { editionSubject, orderSubject } from '../../src/events/index.ts';
import { encodeId } from '../../src/schema/ids.ts';
import { openEvents } from './support/event-source.ts';
import { useApi } from './support/api.ts';

const api = useApi({ keepRows: true });

describe('orderStatus', () => {
  const WATCH = `subscription ($id: ID!, $after: Int) { orderStatus(orderId: $id, after: $after) {
    seq status stage attempts retryAt reason order { id status } } }`;

  async function order() {
    const buyer = await api.signUp();
    const orderId = newId();
    await api.db
      .insert(orders)
      .values({ id: orderId, buyerId: buyer.id, status: 'PENDING_PAYMENT', amountMinor: 499, currency: 'EUR' });
    const step = (type: string, payload: object) => ({
      type,
      subject: orderSubject(orderId),
      payload: { orderId, ...payload },
    });
    await api.happen(step('order.placed', { status: 'PENDING_PAYMENT' }));
    return { buyer, orderId, id: encodeId('Order', orderId), step };
  }

  test('shows the buyer the present state, each step, and a retry without its error', async () => {
    const { buyer, id, orderId, step } = await order();
    const events = await openEvents(api.url, WATCH, { variables: { id }, token: buyer.token });
    expect(await events.next()).toMatchObject({
      id: '1',
      data: { orderStatus: { seq: 1, status: 'PENDING_PAYMENT', order: { id, status: 'PENDING_PAYMENT' } } },
    });
    const retryAt = '2030-01-01T00:00:00.000Z';
    await api.happen(
      step('stage.retrying', { stage: 'purchase.validate', failures: 2, retryAt, error: 'secret host' }),
    );
    const retry = await events.next();
    expect(retry).toMatchObject({
      id: '2',
      data: { orderStatus: { status: 'PENDING_PAYMENT', stage: 'purchase.validate', attempts: 2, retryAt } },
    });
    expect(JSON.stringify(retry)).not.toContain('secret host');
    await api.db.execute(sql`update "order" set status = 'COMPLETED' where id = ${orderId}`);
    await api.happen(step('order.completed', { status: 'COMPLETED' }));
    expect(await events.next()).toMatchObject({
      id: '3',
      data: { orderStatus: { status: 'COMPLETED', order: { status: 'COMPLETED' } } },
    });
    events.close();
  });

  test('resumes with the status that held at `after`', async () => {
    const { buyer, id, step } = await order();
    await api.happen(
      step('order.validated', { status: 'AUTHORIZED' }),
      step('stage.retrying', { stage: 's', failures: 1 }),
    );
    const events = await openEvents(api.url, WATCH, { variables: { id, after: 2 }, token: buyer.token });
    expect(await events.next()).toMatchObject({ id: '3', data: { orderStatus: { status: 'AUTHORIZED' } } });
    events.close();
  });

  test('is the buyer’s and the admins’ alone', async () => {
    const { id } = await order();
    const [other, admin] = [await api.signUp('AUTHOR'), await api.signUp('ADMIN')];
    const refused = await openEvents(api.url, WATCH, { variables: { id }, token: other.token });
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    const unknown = await openEvents(api.url, WATCH, {
      variables: { id: encodeId('Order', newId()) },
      token: other.token,
    });
    expect(await unknown.next()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
    const shown = await openEvents(api.url, WATCH, { variables: { id }, token: admin.token });
    expect(await shown.next()).toMatchObject({ data: { orderStatus: { seq: 1 } } });
    shown.close();
  });
});

describe('editionStatus', () => {
  const WATCH = `subscription ($id: ID!, $after: Int) { editionStatus(editionId: $id, after: $after) {
    seq status onSale revisionNumber note edition { id title } } }`;

  async function draft() {
    const author = await api.signUp('AUTHOR');
    const [workId, editionId, revisionId] = [newId(), newId(), newId()];
    await api.db.insert(works).values({ id: workId, ownerId: author.id, title: 'T' });
    await api.db.insert(editions).values({ id: editionId, workId, ownerId: author.id });
    await api.db.insert(revisions).values({ id: revisionId, editionId, number: 1, title: 'T' });
    await api.db.execute(sql`update edition set working_revision_id = ${revisionId} where id = ${editionId}`);
    const payload = { editionId, revisionId, revisionNumber: 1, onSale: false };
    const step = (type: string, more: object) => ({
      type,
      subject: editionSubject(editionId),
      payload: { ...payload, ...more },
    });
    await api.happen(step('edition.drafted', { status: 'DRAFT' }));
    return { author, editionId, id: encodeId('Edition', editionId), step };
  }

  test('shows the author every step on the way to the readers', async () => {
    const { author, id, step } = await draft();
    const events = await openEvents(api.url, WATCH, { variables: { id }, token: author.token });
    expect(await events.next()).toMatchObject({
      id: '1',
      data: { editionStatus: { status: 'DRAFT', onSale: false, revisionNumber: 1, edition: { id, title: 'T' } } },
    });
    await api.happen(
      step('edition.submitted', { status: 'SUBMITTED' }),
      step('edition.progressed', { status: 'VALIDATING', note: 'Half way.' }),
    );
    expect(await events.next()).toMatchObject({ data: { editionStatus: { seq: 2, status: 'SUBMITTED', note: null } } });
    expect(await events.next()).toMatchObject({
      data: { editionStatus: { seq: 3, status: 'VALIDATING', note: 'Half way.' } },
    });
    await api.happen(step('edition.published', { status: 'PUBLISHED', onSale: true }));
    expect(await events.next()).toMatchObject({
      data: { editionStatus: { seq: 4, status: 'PUBLISHED', onSale: true } },
    });
    events.close();
  });

  test('resumes with the state that held at `after`', async () => {
    const { author, id, step } = await draft();
    await api.happen(step('edition.published', { status: 'PUBLISHED', onSale: true }));
    const retry = { type: 'stage.retrying', subject: step('x', {}).subject, payload: { stage: 's', failures: 1 } };
    await api.happen(retry);
    const events = await openEvents(api.url, WATCH, { variables: { id, after: 2 }, token: author.token });
    expect(await events.next()).toMatchObject({
      id: '3',
      data: { editionStatus: { status: 'PUBLISHED', onSale: true } },
    });
    events.close();
  });

  test('is the author’s and the admins’ alone', async () => {
    const { id } = await draft();
    const other = await api.signUp('AUTHOR');
    const refused = await openEvents(api.url, WATCH, { variables: { id }, token: other.token });
    expect(await refused.next()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });
});
