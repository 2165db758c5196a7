import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashBody, once } from '../../src/db/idempotency.ts';
import { users } from '../../src/db/tables/index.ts';
import { useDatabase } from '../support/database.ts';

const database = useDatabase();

async function requestOf(body: unknown = { amount: 1 }) {
  const userId = randomUUID();
  await database.current.db.insert(users).values({ id: userId, name: 'Ada', email: `${userId}@example.org` });
  const now = new Date();
  return () => ({ userId, operation: 'buy', key: 'key-1', body, resultId: randomUUID(), now });
}

describe('an idempotency key', () => {
  it('does the work of fifty parallel requests once, and gives all of them its result', async () => {
    const request = await requestOf();
    let done = 0;
    const results = await Promise.all(
      Array.from({ length: 50 }, () =>
        database.current.db.transaction((tx) =>
          once(tx, request(), async () => {
            done++;
          }),
        ),
      ),
    );
    expect(done).toBe(1);
    expect(new Set(results.map(({ resultId }) => resultId)).size).toBe(1);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });

  it('is free again when the work of the first fails, and a waiting rival then works', async () => {
    const request = await requestOf();
    const { db } = database.current;
    const { promise: mayFail, resolve: goOn } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const first = db.transaction((tx) =>
      once(tx, request(), async () => {
        begin();
        await mayFail;
        throw new Error('no');
      }),
    );
    await begun;
    const second = db.transaction((tx) => once(tx, request(), async () => {}));
    goOn();
    await expect(first).rejects.toThrow('no');
    expect(await second).toMatchObject({ replayed: false });
  });

  it('is bound to its body, operation and user', async () => {
    const request = await requestOf();
    const { db } = database.current;
    const send = (change: object) => db.transaction((tx) => once(tx, { ...request(), ...change }, async () => {}));
    await send({});
    await expect(send({ body: { amount: 2 } })).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
    expect(await send({ operation: 'sell' })).toMatchObject({ replayed: false });
    const other = (await requestOf())();
    expect(await send({ userId: other.userId })).toMatchObject({ replayed: false });
  });
});

describe('the hash of a body', () => {
  it('is the same for what means the same', () => {
    expect(hashBody({ a: 1, b: { c: [1, 2], d: null } })).toBe(hashBody({ b: { c: [1, 2] }, a: 1, e: undefined }));
  });

  it.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: [1, 2] }, { a: [2, 1] }],
    [{ a: '1' }, { a: 1 }],
    [{ a: { b: 1 } }, { b: 1 }],
  ])('differs between %j and %j', (one, other) => {
    expect(hashBody(one)).not.toBe(hashBody(other));
  });
});
