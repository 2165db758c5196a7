/**
 * Uploads: announced, put, completed.
 *
 * Promise: a file is STORED only when the bytes in the store have the size and the SHA-256 that were announced, and then
 * lies where no upload URL reaches, so that it cannot be changed afterwards.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { lineSchema } from '../books/text.ts';
import { UploadMismatch, UploadQuotaReached } from '../db/errors.ts';
import { checkUploadQuota, createFile, markStored, ownFile, type StoredFile } from '../db/files.ts';
import { newId } from '../db/tables/columns.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { InvalidStateError, NotFoundError, OverloadedError, ValidationError } from './errors.ts';
import { idOf } from './ids.ts';
import { UPLOAD_LINK_MS, uploadLink } from './links.ts';

const EPUB = 'application/epub+zip';
const NAME_CHARS_MAX = 200;
const RETRY_AFTER_MS = 2_000;

const FileState = builder.enumType('FileState', {
  description: 'Where a file stands.',
  values: {
    PENDING: { description: 'Announced; its bytes are awaited.' },
    STORED: { description: 'Its bytes are here and are the announced ones.' },
    QUARANTINED: { description: 'Found to be harmful; kept from everyone.' },
  } as const,
});

export const File = builder.drizzleNode('files', {
  name: 'File',
  description: 'An uploaded file. For its owner and admins.',
  id: { column: (file) => file.id, description: 'Opaque global id.' },
  select: { columns: { id: true, ownerId: true } },
  authScopes: (file) => ({ owner: [file.ownerId, 'catalog:read'] }),
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As the uploader named it.' }),
    mediaType: t.exposeString('mediaType', { description: 'Such as `application/epub+zip`.' }),
    sizeBytes: t.expose('sizeBytes', { type: 'SafeInt', description: 'Its size.' }),
    sha256: t.exposeString('sha256', { description: 'SHA-256 in hex.' }),
    state: t.expose('state', { type: FileState, description: 'Where it stands.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was announced.' }),
  }),
});

interface UploadTarget {
  file: StoredFile;
  url: string;
  headers: readonly { name: string; value: string }[];
  expiresAt: Date;
}

const HeaderRef = builder.objectRef<{ name: string; value: string }>('Header').implement({
  carried: true,
  description: 'A header of an HTTP request.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Its name.' }),
    value: t.exposeString('value', { description: 'Its value.' }),
  }),
});

const fileName = z
  .string()
  .transform((text) => text.split(/[/\\]/).at(-1) ?? '')
  .pipe(lineSchema('name', NAME_CHARS_MAX));

builder.relayMutationField(
  'createUpload',
  {
    inputFields: (t) => ({
      name: t.string({ required: true, description: 'The file’s name; folders are dropped.' }).validate(fileName),
      mediaType: t.string({
        required: true,
        defaultValue: EPUB,
        description: '`application/epub+zip`: only EPUBs are taken.',
        validate: z.literal(EPUB, `Only EPUBs are taken: ${EPUB}.`),
      }),
      sizeBytes: t.field({
        type: 'SafeInt',
        required: true,
        description: 'Its size.',
        validate: z.number().min(1, 'The file is empty.'),
      }),
      sha256: t.string({ required: true, description: 'SHA-256 of the bytes, in hex.' }).validate(
        z
          .string()
          .toLowerCase()
          .regex(/^[\da-f]{64}$/, 'A SHA-256 in hex has 64 digits from 0 to f.'),
      ),
    }),
  },
  {
    description: 'Announces a file. Put its bytes to `uploadUrl`, then call completeUpload. For authors.',
    authScopes: { author: 'publish:write' },
    errors: { types: [UploadQuotaReached, OverloadedError] },
    resolve: (_root, { input }, context) => announce(context, input),
  },
  {
    outputFields: (t) => ({
      file: t.drizzleField({
        type: File,
        description: 'The file, PENDING.',
        resolve: (query, { file }, _args, { db }) =>
          findFile(db.query.files.findFirst(query({ where: { id: file.id } }))),
      }),
      uploadUrl: t.field({ type: 'URL', description: 'Send the bytes here with PUT.', resolve: ({ url }) => url }),
      headers: t.field({
        type: [HeaderRef],
        description: 'To be sent with the PUT, exactly.',
        resolve: ({ headers }) => [...headers],
      }),
      expiresAt: t.field({ type: 'DateTime', description: 'Both hold until then.', resolve: (made) => made.expiresAt }),
    }),
  },
);

builder.relayMutationField(
  'completeUpload',
  {
    inputFields: (t) => ({
      fileId: t.id({ required: true, description: 'The file that was announced.' }).validate(idOf('File')),
    }),
  },
  {
    description: 'Checks size and SHA-256 of the bytes that were put. Does nothing for a file that is STORED already.',
    authScopes: { author: 'publish:write' },
    errors: { types: [NotFoundError, InvalidStateError, UploadMismatch, OverloadedError] },
    resolve: (_root, { input }, context) => complete(context, input.fileId).catch(retell),
  },
  {
    outputFields: (t) => ({
      file: t.drizzleField({
        type: File,
        description: 'The file, STORED.',
        resolve: (query, { id }, _args, { db }) => findFile(db.query.files.findFirst(query({ where: { id } }))),
      }),
    }),
  },
);

type Announced = Pick<StoredFile, 'name' | 'mediaType' | 'sizeBytes' | 'sha256'>;

async function announce(context: Context, announced: Announced): Promise<UploadTarget> {
  const { storage, clock, limits } = context;
  const { name, mediaType, sizeBytes, sha256 } = announced;
  if (sizeBytes > limits.uploadBytesMax) {
    const message = `A file has ${limits.uploadBytesMax} bytes at most.`;
    throw new ValidationError([{ path: 'input.sizeBytes', message }]);
  }
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + UPLOAD_LINK_MS);
  const owner = { ownerId: signedIn(context).id, now, expiresAt };
  const file = await context.commit(async (tx) => {
    await checkUploadQuota(tx, { ...owner, sizeBytes }, limits.uploadQuota);
    return createFile(tx, { ...owner, name, mediaType, sizeBytes, sha256 });
  });
  const direct = await storage
    .signedPutUrl(file.storageKey, {
      expiresInMs: UPLOAD_LINK_MS,
      contentType: mediaType,
      sizeBytesMax: sizeBytes,
      sizeBytes,
    })
    .catch(tellUnavailable);
  const url = direct?.url ?? uploadLink(context, { id: file.id, expiresAt });
  const headers = direct?.headers ?? { 'content-type': mediaType };
  return { file, url, headers: Object.entries(headers).map(([key, value]) => ({ name: key, value })), expiresAt };
}

async function complete(context: Context, fileId: string): Promise<{ id: string }> {
  const file = await ownFile(context.db, fileId, signedIn(context).id);
  if (file.state === 'STORED') return file;
  if (file.state === 'QUARANTINED') throw new InvalidStateError('This file is kept from everyone.', file.state);
  // A copy of our own under a key that no URL was given for: what is checked is what is kept.
  const storageKey = `files/${file.id}/${newId()}.epub`;
  try {
    await context.storage.copy(file.storageKey, storageKey);
  } catch (error) {
    return missing(context, file, error);
  }
  try {
    await checkBytes(context, file, storageKey);
    const first = await context.commit((tx) => markStored(tx, { id: file.id, storageKey, now: context.clock.now() }));
    if (!first) await context.storage.delete(storageKey);
  } catch (error) {
    // A connection that was lost at the commit may have stored this key all the same: then the bytes must stay.
    const kept = await ownFile(context.db, file.id, file.ownerId).catch(() => null);
    const isNamed = error instanceof UploadMismatch ? false : kept === null || kept.storageKey === storageKey;
    if (!isNamed) await context.storage.delete(storageKey);
    return tellUnavailable(error);
  }
  await context.storage.delete(file.storageKey);
  return file;
}

/** Nothing lies where it was announced: it was never put, or a rival has completed it meanwhile. */
async function missing(context: Context, file: StoredFile, error: unknown): Promise<{ id: string }> {
  if (codeOf(error) !== 'BLOB_NOT_FOUND') return tellUnavailable(error);
  const again = await ownFile(context.db, file.id, file.ownerId);
  if (again.state === 'STORED') return again;
  throw new UploadMismatch('Nothing was uploaded yet. Put the bytes to the uploadUrl first.');
}

async function checkBytes({ storage }: Context, file: StoredFile, storageKey: string): Promise<void> {
  const { sizeBytes } = await storage.stat(storageKey);
  if (sizeBytes !== file.sizeBytes) {
    throw new UploadMismatch(
      `${file.sizeBytes} bytes were announced, but ${sizeBytes} came. Put the whole file again.`,
    );
  }
  const hash = createHash('sha256');
  for await (const chunk of await storage.get(storageKey)) hash.update(z.instanceof(Uint8Array).parse(chunk));
  if (hash.digest('hex') !== file.sha256) {
    throw new UploadMismatch('The bytes do not have the SHA-256 that was announced. Put the right file again.');
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function tellUnavailable(error: unknown): never {
  if (codeOf(error) !== 'BLOB_STORAGE_UNAVAILABLE') throw error;
  throw new OverloadedError(RETRY_AFTER_MS, 'The file store cannot be reached. Nothing was done; try again.');
}

async function findFile<Row>(query: PromiseLike<Row | undefined>): Promise<Row> {
  const file = await query;
  if (file === undefined) throw new NotFoundError('file');
  return file;
}
