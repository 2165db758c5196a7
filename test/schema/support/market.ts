/** Steps of the marketplace, as a client would take them, and what the worker would do, done by hand. */
import { createHash, randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { useApi } from './api.ts';

type Api = ReturnType<typeof useApi>;

const edges = `
  ... on Error { code message } ... on ValidationError { fields { path message } }
  ... on InvalidStateError { state }`;

export const CREATE_DRAFT = `mutation ($input: CreateDraftInput!) { createDraft(input: $input) { __typename
  ... on CreateDraftPayload { edition { id title status onSale workingRevision { id number status } } } ${edges} } }`;
export const UPDATE_DRAFT = `mutation ($input: UpdateDraftInput!) { updateDraft(input: $input) { __typename
  ... on UpdateDraftPayload { edition { id title isbn13 workingRevision { title subtitle language subjects
    series { name position } contributors { name role roleName } file { name } } prices { amountMinor currency } } }
  ${edges} } }`;
export const PLACE_ORDER = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) { __typename
  ... on PlaceOrderPayload { order { id status total { amount currency } lines { edition { title } price { amountMinor } } } }
  ... on Error { code message } ... on ValidationError { fields { path message } } ... on PriceChanged { price { amountMinor currency } }
  ... on PurchaseInProgress { order { id } } } }`;

const payload = z.looseObject({ __typename: z.string() });
export type Payload = z.infer<typeof payload>;

/** The id inside a global id. */
export const uuidIn = (globalId: string): string => Buffer.from(globalId, 'base64url').toString().split(':')[1] ?? '';
export const globalId = (type: string, id: string): string => Buffer.from(`${type}:${id}`).toString('base64url');

export function market(api: Api) {
  /** Runs a mutation `name` and gives its result; fails the test on a top-level error. */
  const mutate = async (name: string, query: string, input: object, token?: string): Promise<Payload> => {
    const { data, errors } = await api.ask(query, { input }, token);
    if (errors) throw new Error(JSON.stringify(errors));
    return payload.parse(data?.[name]);
  };
  /** A mutation whose payload is an edition. */
  const move = (name: string, input: object, token: string) =>
    mutate(
      name,
      `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename
        ... on ${name.charAt(0).toUpperCase()}${name.slice(1)}Payload { edition { id status onSale
          workingRevision { id number status title } liveRevision { number title } } } ${edges} } }`,
      input,
      token,
    );
  const draft = async (token: string, input: object = {}): Promise<string> => {
    const made = await mutate('createDraft', CREATE_DRAFT, { title: 'The Sea', ...input }, token);
    return z.object({ edition: z.object({ id: z.string() }) }).parse(made).edition.id;
  };
  /** What the publish workflow does in the end. */
  const publish = async (editionId: string): Promise<void> => {
    await api.db.execute(sql`
      with moved as (
        update edition set live_revision_id = working_revision_id, working_revision_id = null, sale_status = 'PUBLISHED',
               published_at = coalesce(published_at, now())
        where id = ${uuidIn(editionId)} returning live_revision_id)
      update revision set status = 'PUBLISHED' from moved where revision.id = moved.live_revision_id`);
  };
  /** A stored file, as if it had been uploaded. */
  const storedFile = async (ownerId: string): Promise<string> => {
    const id = randomUUID();
    await api.db.execute(sql`
      insert into file (id, owner_id, name, media_type, size_bytes, sha256, state, storage_key)
      values (${id}, ${ownerId}, 'a.epub', 'application/epub+zip', 3, ${'a'.repeat(64)}, 'STORED', ${`files/${id}.epub`})`);
    return globalId('File', id);
  };
  return {
    mutate,
    move,
    draft,
    publish,
    storedFile,
    /** An edition on sale with a file, of an author of its own. */
    onSale: async (input: object = {}) => {
      const author = await api.signUp('AUTHOR');
      const prices = [{ amountMinor: 499, currency: 'EUR' }];
      const editionId = await draft(author.token, { prices, ...input });
      await mutate('updateDraft', UPDATE_DRAFT, { editionId, fileId: await storedFile(author.id) }, author.token);
      await publish(editionId);
      return { author, editionId };
    },
    order: (token: string, editionId: string, input: object = {}) =>
      mutate(
        'placeOrder',
        PLACE_ORDER,
        { editionId, currency: 'EUR', paymentToken: 'tok_ok', idempotencyKey: randomUUID(), ...input },
        token,
      ),
    /** What the purchase workflow does in the end. */
    fulfil: async (orderId: string): Promise<void> => {
      await api.db.execute(sql`
        with done as (update "order" set status = 'COMPLETED' where id = ${uuidIn(orderId)} returning id, buyer_id)
        insert into entitlement (id, reader_id, edition_id, order_id)
        select gen_random_uuid(), coalesce((select holder_id from claim where order_id = done.id), done.buyer_id), l.edition_id, done.id
        from done join order_line l on l.order_id = ${uuidIn(orderId)}`);
    },
    /** How much of the table is this user's. */
    count: async (table: 'order' | 'payment' | 'idempotency_key', userId: string): Promise<number> => {
      const owner = { order: sql`buyer_id`, idempotency_key: sql`user_id`, payment: sql`order_id` }[table];
      const ids = table === 'payment' ? sql`(select id from "order" where buyer_id = ${userId})` : sql`(${userId})`;
      const [row] = await api.db.execute<{ n: number }>(
        sql`select count(*)::int as n from ${sql.identifier(table)} where ${owner} in ${ids}`,
      );
      return row?.n ?? 0;
    },
  };
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
