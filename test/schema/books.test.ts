import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { useApi } from './support/api.ts';
import { CREATE_DRAFT, market, sha256, UPDATE_DRAFT, uuidIn } from './support/market.ts';

const api = useApi();
const shop = market(api);

const eventsOf = async (editionId: string) =>
  [
    ...(await api.db.execute<{ type: string; status: string; on_sale: boolean }>(sql`
      select type, payload->>'status' as status, (payload->>'onSale')::boolean as on_sale from event
      where subject = ${`edition:${uuidIn(editionId)}`} order by seq`)),
  ].map(({ type, status, on_sale }) => [type, status, on_sale]);
const setStatus = (editionId: string, status: string) =>
  api.db.execute(sql`
    update revision set status = ${status}::revision_status
    where id = (select working_revision_id from edition where id = ${uuidIn(editionId)})`);

describe('a draft', () => {
  it('is begun with all that is said of the book', async () => {
    const author = await api.signUp('AUTHOR');
    const input = {
      title: '  The   Sea ',
      subtitle: 'A history',
      language: 'en-us',
      isbn13: '978-0-439-02348-1',
      subjects: ['Sea', 'sea', 'Ships'],
      series: { name: 'Waters', position: 1.5 },
      publicationYear: -44,
      contributors: [{ name: 'Ann' }, { name: 'Bob', role: 'trl' }],
      prices: [
        { amountMinor: 0, currency: 'JPY' },
        { amountMinor: 499, currency: 'EUR' },
      ],
    };
    const id = await shop.draft(author.token, input);
    expect(await shop.mutate('updateDraft', UPDATE_DRAFT, { editionId: id }, author.token)).toMatchObject({
      edition: {
        title: 'The Sea',
        isbn13: '9780439023481',
        workingRevision: {
          title: 'The Sea',
          language: 'en-US',
          subjects: ['Sea', 'Ships'],
          series: { name: 'Waters', position: 1.5 },
          contributors: [
            { name: 'Ann', role: 'aut', roleName: 'Author' },
            { name: 'Bob', roleName: 'Translator' },
          ],
        },
        prices: [
          { amountMinor: 499, currency: 'EUR' },
          { amountMinor: 0, currency: 'JPY' },
        ],
      },
    });
    expect(await eventsOf(id)).toEqual([['edition.drafted', 'DRAFT', false]]);
  });

  it('is refused with every fault at once', async () => {
    const author = await api.signUp('AUTHOR');
    const input = {
      title: ' ',
      language: 'english',
      isbn13: '9780439023482',
      publicationYear: 0,
      contributors: [{ name: 'Ann' }, { name: '', role: 'boss' }],
      prices: [
        { amountMinor: -1, currency: 'EUR' },
        { amountMinor: 5, currency: 'EURO' },
      ],
    };
    const refused = await shop.mutate('createDraft', CREATE_DRAFT, input, author.token);
    const { fields } = z.object({ fields: z.array(z.object({ path: z.string() })) }).parse(refused);
    expect(fields.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'input.title',
        'input.language',
        'input.isbn13',
        'input.publicationYear',
        'input.contributors.1.name',
        'input.contributors.1.role',
        'input.prices.0.amountMinor',
        'input.prices.1.currency',
      ]),
    );
  });

  it('changes only where something is said, and forgets what is null', async () => {
    const author = await api.signUp('AUTHOR');
    const editionId = await shop.draft(author.token, { subtitle: 'Old', language: 'en', subjects: ['Sea'] });
    const change = { editionId, subtitle: null, contributors: [{ name: 'Ann' }] };
    expect(await shop.mutate('updateDraft', UPDATE_DRAFT, change, author.token)).toMatchObject({
      edition: {
        title: 'The Sea',
        workingRevision: { subtitle: null, language: 'en', subjects: ['Sea'], contributors: [{ name: 'Ann' }] },
      },
    });
  });

  it('is not edited by another author, nor given another’s file or work', async () => {
    const [author, rival] = [await api.signUp('AUTHOR'), await api.signUp('AUTHOR')];
    const editionId = await shop.draft(author.token);
    const own = await shop.draft(rival.token);
    const fileId = await shop.storedFile(author.id);
    const answer = (input: object) => shop.mutate('updateDraft', UPDATE_DRAFT, input, rival.token);
    expect(await answer({ editionId, title: 'Mine' })).toMatchObject({ code: 'NOT_FOUND' });
    expect(await answer({ editionId: own, fileId })).toMatchObject({ code: 'NOT_FOUND' });
    for (const move of ['withdrawEdition', 'unpublishEdition', 'relistEdition', 'createRevision']) {
      expect(await shop.move(move, { editionId }, rival.token)).toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  it('is for authors', async () => {
    const reader = await api.signUp();
    const { errors } = await api.ask(CREATE_DRAFT, { input: { title: 'A' } }, reader.token);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('submitting', () => {
  const submit = (editionId: string, token: string, idempotencyKey: string = randomUUID()) =>
    shop.move('submitEdition', { editionId, idempotencyKey }, token);

  it('is done once for a key, however often it is sent at once', async () => {
    const author = await api.signUp('AUTHOR');
    const editionId = await shop.draft(author.token);
    const key = randomUUID();
    const answers = await Promise.all(Array.from({ length: 20 }, () => submit(editionId, author.token, key)));
    for (const answer of answers) expect(answer).toMatchObject({ edition: { status: 'SUBMITTED' } });
    expect(await eventsOf(editionId)).toEqual([
      ['edition.drafted', 'DRAFT', false],
      ['edition.submitted', 'SUBMITTED', false],
    ]);
    expect(await submit(editionId, author.token)).toMatchObject({ code: 'INVALID_STATE', state: 'SUBMITTED' });
    const other = await shop.draft(author.token);
    expect(await submit(other, author.token, key)).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  });

  it('closes the draft until it is withdrawn, which stops the run', async () => {
    const author = await api.signUp('AUTHOR');
    const editionId = await shop.draft(author.token);
    await submit(editionId, author.token);
    await api.db.execute(sql`
      insert into run (id, workflow, subject, shard, state, stage, at_event_id, started_at, updated_at)
      select 'publish/' || id, 'publish', subject, 0, 'RUNNING', 'publish.check', id, now(), now()
      from event where type = 'edition.submitted'`);
    const edit = () => shop.mutate('updateDraft', UPDATE_DRAFT, { editionId, title: 'New' }, author.token);
    expect(await edit()).toMatchObject({ code: 'INVALID_STATE', state: 'SUBMITTED' });
    expect(await shop.move('withdrawEdition', { editionId }, author.token)).toMatchObject({
      edition: { status: 'WITHDRAWN' },
    });
    const [run] = await api.db.execute(sql`select state from run`);
    expect(run).toEqual({ state: 'CANCELLED' });
    expect(await edit()).toMatchObject({ edition: { title: 'New' } });
    expect(await shop.move('withdrawEdition', { editionId }, author.token)).toMatchObject({ code: 'INVALID_STATE' });
  });

  it.each(['NEEDS_CHANGES', 'FAILED', 'WITHDRAWN'])('is possible again after %s', async (status) => {
    const author = await api.signUp('AUTHOR');
    const editionId = await shop.draft(author.token);
    await submit(editionId, author.token);
    await setStatus(editionId, status);
    expect(await submit(editionId, author.token)).toMatchObject({ edition: { status: 'SUBMITTED' } });
  });

  it('of what was rejected needs a new revision, which does not carry the file on', async () => {
    const author = await api.signUp('AUTHOR');
    const editionId = await shop.draft(author.token);
    const fileId = await shop.storedFile(author.id);
    await shop.mutate('updateDraft', UPDATE_DRAFT, { editionId, fileId }, author.token);
    await setStatus(editionId, 'REJECTED');
    expect(await submit(editionId, author.token)).toMatchObject({ code: 'INVALID_STATE', state: 'REJECTED' });
    expect(await shop.move('createRevision', { editionId }, author.token)).toMatchObject({
      edition: { workingRevision: { number: 2, status: 'DRAFT' } },
    });
    expect(await shop.mutate('updateDraft', UPDATE_DRAFT, { editionId }, author.token)).toMatchObject({
      edition: { workingRevision: { file: null } },
    });
  });
});

describe('a published edition', () => {
  it('gets a new revision while the old one stays on sale', async () => {
    const { author, editionId } = await shop.onSale();
    const edit = (title: string) => shop.mutate('updateDraft', UPDATE_DRAFT, { editionId, title }, author.token);
    expect(await edit('New')).toMatchObject({ code: 'INVALID_STATE', state: 'PUBLISHED' });
    expect(await shop.move('createRevision', { editionId }, author.token)).toMatchObject({
      edition: {
        status: 'DRAFT',
        onSale: true,
        workingRevision: { number: 2, title: 'The Sea' },
        liveRevision: { number: 1 },
      },
    });
    await edit('New');
    expect(await shop.move('createRevision', { editionId }, author.token)).toMatchObject({ code: 'INVALID_STATE' });
    const { data } = await api.ask('query ($id: ID!) { edition(id: $id) { title } }', { id: editionId });
    expect(data).toEqual({ edition: { title: 'The Sea' } });
    expect((await eventsOf(editionId)).at(-1)).toEqual(['edition.drafted', 'DRAFT', true]);
  });

  it('goes off sale and back, each told by an event', async () => {
    const { author, editionId } = await shop.onSale();
    const move = (name: string) => shop.move(name, { editionId }, author.token);
    expect(await move('relistEdition')).toMatchObject({ code: 'INVALID_STATE' });
    expect(await move('unpublishEdition')).toMatchObject({ edition: { status: 'UNPUBLISHED', onSale: false } });
    expect(await move('unpublishEdition')).toMatchObject({ code: 'INVALID_STATE', state: 'UNPUBLISHED' });
    expect(await move('relistEdition')).toMatchObject({ edition: { status: 'PUBLISHED', onSale: true } });
    expect((await eventsOf(editionId)).slice(-2)).toEqual([
      ['edition.unpublished', 'UNPUBLISHED', false],
      ['edition.relisted', 'PUBLISHED', true],
    ]);
  });

  it('cannot come back beside another one with its ISBN, nor change that, nor lose its last price', async () => {
    const { author, editionId } = await shop.onSale({ isbn13: '9780804429573' });
    await shop.move('unpublishEdition', { editionId }, author.token);
    const second = await shop.onSale({ isbn13: '9780804429573' });
    expect(await shop.move('relistEdition', { editionId }, author.token)).toMatchObject({ code: 'CONFLICT' });
    const prices = await shop.move('setPrices', { editionId: second.editionId, prices: [] }, second.author.token);
    expect(prices).toMatchObject({ code: 'VALIDATION', fields: [{ path: 'input.prices' }] });
    await shop.move('createRevision', { editionId }, author.token);
    const change = { editionId, isbn13: '9780439023481' };
    expect(await shop.mutate('updateDraft', UPDATE_DRAFT, change, author.token)).toMatchObject({
      fields: [{ path: 'input.isbn13' }],
    });
  });
});

describe('what is on sale or about to be', () => {
  it('is not edited though its revision is marked as withdrawn', async () => {
    const { author, editionId } = await shop.onSale();
    await api.db.execute(sql`
      with e as (update edition set working_revision_id = live_revision_id where id = ${uuidIn(editionId)}
                 returning live_revision_id)
      update revision set status = 'WITHDRAWN' from e where revision.id = e.live_revision_id`);
    const answer = await shop.mutate('updateDraft', UPDATE_DRAFT, { editionId, title: 'New' }, author.token);
    expect(answer).toMatchObject({ code: 'INVALID_STATE', state: 'PUBLISHED' });
  });

  it.each(['SUBMITTED', 'DEDUPING'])('keeps a price while it is %s', async (status) => {
    const author = await api.signUp('AUTHOR');
    const editionId = await shop.draft(author.token, { prices: [{ amountMinor: 499, currency: 'EUR' }] });
    await setStatus(editionId, status);
    const answer = await shop.move('setPrices', { editionId, prices: [] }, author.token);
    expect(answer).toMatchObject({ code: 'VALIDATION', fields: [{ path: 'input.prices' }] });
    await setStatus(editionId, 'DRAFT');
    expect(await shop.move('setPrices', { editionId, prices: [] }, author.token)).toMatchObject({ edition: {} });
  });
});

describe('an upload', () => {
  const CREATE = `mutation ($input: CreateUploadInput!) { createUpload(input: $input) { __typename
    ... on CreateUploadPayload { file { id state name } uploadUrl headers { name value } expiresAt }
    ... on Error { code message } ... on ValidationError { fields { path message } }
    ... on UploadQuotaReached { quota max used availableAt } } }`;
  const COMPLETE = `mutation ($input: CompleteUploadInput!) { completeUpload(input: $input) { __typename
    ... on CompleteUploadPayload { file { id state sizeBytes } } ... on Error { code message } } }`;
  const bytes = new TextEncoder().encode('the bytes of a book');
  const made = z.object({
    file: z.object({ id: z.string() }),
    uploadUrl: z.string(),
    headers: z.array(z.object({ name: z.string(), value: z.string() })),
  });

  /** So many files of so many bytes, stored a moment ago. */
  const fillQuota = (ownerId: string, count: number, sizeBytes: number) =>
    api.db.execute(sql`
      insert into file (id, owner_id, name, media_type, size_bytes, sha256, state, storage_key)
      select gen_random_uuid(), ${ownerId}::uuid, 'a.epub', 'application/epub+zip', ${sizeBytes}::bigint, 'x', 'STORED', 'files/x'
      from generate_series(1, ${count}::int)`);

  async function announce(token: string) {
    const input = { name: 'C:\\books\\sea.epub', sizeBytes: bytes.length, sha256: sha256(bytes) };
    const { file, uploadUrl, headers } = made.parse(await shop.mutate('createUpload', CREATE, input, token));
    const put = (body: Uint8Array<ArrayBuffer>) =>
      fetch(uploadUrl, {
        method: 'PUT',
        body,
        headers: Object.fromEntries(headers.map((one) => [one.name, one.value])),
      });
    const complete = () => shop.mutate('completeUpload', COMPLETE, { fileId: file.id }, token);
    return { fileId: file.id, put, complete };
  }

  it('is put, checked and attached, and is stored once though it is completed by ten at once', async () => {
    const author = await api.signUp('AUTHOR');
    const upload = await announce(author.token);
    expect(await upload.complete()).toMatchObject({ __typename: 'UploadMismatch' });
    expect((await upload.put(bytes)).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 10 }, () => upload.complete()));
    for (const answer of answers) expect(answer).toMatchObject({ file: { state: 'STORED', sizeBytes: bytes.length } });
    const editionId = await shop.draft(author.token);
    await shop.move('attachFile', { editionId, fileId: upload.fileId }, author.token);
    expect(await shop.mutate('updateDraft', UPDATE_DRAFT, { editionId }, author.token)).toMatchObject({
      edition: { workingRevision: { file: { name: 'sea.epub' } } },
    });
    const [row] = await api.db.execute<{ storage_key: string }>(
      sql`select storage_key from file where id = ${uuidIn(upload.fileId)}`,
    );
    expect(await api.services.storage.stat(row?.storage_key ?? '')).toMatchObject({ sizeBytes: bytes.length });
  });

  it('cannot be changed through its URL once it is stored', async () => {
    const author = await api.signUp('AUTHOR');
    const upload = await announce(author.token);
    await upload.put(bytes);
    await upload.complete();
    expect((await upload.put(new TextEncoder().encode('the bytes of a hook'))).ok).toBe(false);
  });

  it('is refused when other bytes lie in the store, and may be put again', async () => {
    const author = await api.signUp('AUTHOR');
    const upload = await announce(author.token);
    // As a store that takes bytes straight from a client would hold them.
    const other = new TextEncoder().encode('the bytes of a hook');
    const options = { contentType: 'application/epub+zip', sizeBytesMax: 100 };
    await api.services.storage.put(`uploads/${uuidIn(upload.fileId)}.epub`, other, options);
    expect(await upload.complete()).toMatchObject({ __typename: 'UploadMismatch' });
    await upload.put(bytes);
    expect(await upload.complete()).toMatchObject({ file: { state: 'STORED' } });
  });

  it('is refused when it is announced too large, empty, of another type or without a hash', async () => {
    const author = await api.signUp('AUTHOR');
    const input = { name: ' ', mediaType: 'text/html', sizeBytes: 0, sha256: 'x' };
    const refused = await shop.mutate('createUpload', CREATE, input, author.token);
    const { fields } = z.object({ fields: z.array(z.object({ path: z.string() })) }).parse(refused);
    expect(fields.map(({ path }) => path).toSorted()).toEqual([
      'input.mediaType',
      'input.name',
      'input.sha256',
      'input.sizeBytes',
    ]);
    const large = { name: 'a.epub', sizeBytes: 1e12, sha256: sha256(bytes) };
    expect(await shop.mutate('createUpload', CREATE, large, author.token)).toMatchObject({ code: 'VALIDATION' });
  });

  it('is refused beyond the uploads of a day, however many are announced at once, with when to try again', async () => {
    const [author, other] = [await api.signUp('AUTHOR'), await api.signUp('AUTHOR')];
    const { uploadsPerDayMax } = api.services.limits.uploadQuota;
    await fillQuota(author.id, uploadsPerDayMax - 3, 1);
    const input = { name: 'a.epub', sizeBytes: 1, sha256: sha256(bytes) };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => shop.mutate('createUpload', CREATE, input, author.token)),
    );
    expect(answers.filter((answer) => answer.__typename === 'CreateUploadPayload')).toHaveLength(3);
    const refused = answers.find((answer) => answer.__typename === 'UploadQuotaReached');
    expect(refused).toMatchObject({ code: 'UPLOAD_QUOTA', quota: 'UPLOADS_PER_DAY', used: uploadsPerDayMax });
    const { availableAt } = z.object({ availableAt: z.iso.datetime() }).parse(refused);
    expect(Math.abs(new Date(availableAt).getTime() - Date.now() - 86_400_000)).toBeLessThan(60_000);
    expect(await shop.mutate('createUpload', CREATE, input, other.token)).toMatchObject({ file: {} });
    await api.db.execute(sql`update file set created_at = now() - interval '25 hours'`);
    expect(await shop.mutate('createUpload', CREATE, input, author.token)).toMatchObject({ file: {} });
  });

  it('is refused when the account’s files would take more than their room; removed ones take none', async () => {
    const author = await api.signUp('AUTHOR');
    const { storedBytesMax } = api.services.limits.uploadQuota;
    await fillQuota(author.id, 1, storedBytesMax - 10);
    const input = { name: 'a.epub', sizeBytes: 11, sha256: sha256(bytes) };
    expect(await shop.mutate('createUpload', CREATE, input, author.token)).toMatchObject({
      code: 'UPLOAD_QUOTA',
      quota: 'STORED_BYTES',
      max: storedBytesMax,
      used: storedBytesMax - 10,
      availableAt: null,
    });
    expect(await shop.mutate('createUpload', CREATE, { ...input, sizeBytes: 10 }, author.token)).toMatchObject({
      file: {},
    });
    await api.db.execute(sql`update file set state = 'QUARANTINED', expires_at = null where owner_id = ${author.id}`);
    expect(await shop.mutate('createUpload', CREATE, input, author.token)).toMatchObject({ file: {} });
  });

  it('is completed by its owner only', async () => {
    const [author, rival] = [await api.signUp('AUTHOR'), await api.signUp('AUTHOR')];
    const upload = await announce(author.token);
    const answer = await shop.mutate('completeUpload', COMPLETE, { fileId: upload.fileId }, rival.token);
    expect(answer).toMatchObject({ code: 'NOT_FOUND' });
  });
});
