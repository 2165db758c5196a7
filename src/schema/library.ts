/** The reader's library: what may be read, and the links to get it. */
import { chaptersSchema } from '../books/extracted.ts';
import { downloadOf } from '../db/library.ts';
import { builder } from './builder.ts';
import { type Context, signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { Edition } from './edition.ts';
import { InvalidStateError, NotFoundError } from './errors.ts';
import { idOf } from './ids.ts';
import { downloadLink, readingLink } from './links.ts';
import { Order } from './order.ts';
import { behindInstant, createdCursor, selectNodes } from './own-pages.ts';
import { decodeCursor, pageArgs, pageOf } from './pages.ts';
import { Reading } from './reading.ts';
import { readChapters } from './revision.ts';
import { isOwner } from './visibility.ts';

const EntitlementStatus = builder.enumType('EntitlementStatus', {
  description: 'Where a right to read stands.',
  values: {
    ACTIVE: { description: 'The book may be read.' },
    SUSPENDED: { description: 'Held while a payment is in dispute.' },
    REVOKED: { description: 'Ended.' },
    REFUNDED: { description: 'Ended, and the money given back.' },
  } as const,
});

export const Entitlement = builder.drizzleNode('entitlements', {
  name: 'Entitlement',
  description: 'A reader’s right to an edition, with all its later revisions. For the reader and for admins.',
  id: { column: (entitlement) => entitlement.id, description: 'Opaque global id.' },
  select: { columns: { id: true, readerId: true, status: true } },
  authScopes: (entitlement) => ({ owner: [entitlement.readerId, 'library:read'] }),
  fields: (t) => ({
    status: t.expose('status', { type: EntitlementStatus, description: 'Where it stands.' }),
    edition: t.relation('edition', { type: Edition, description: 'What may be read.' }),
    order: t.field({
      type: Order,
      nullable: true,
      description: 'How it was got; null for a gift, which is the giver’s order.',
      select: (_args, _context, nested) => ({ with: { order: nested({ columns: { id: true, buyerId: true } }) } }),
      resolve: ({ order }, _args, context) => (isOwner(context, order.buyerId) ? order : null),
    }),
    downloadUrl: t.field({
      type: 'URL',
      nullable: true,
      description:
        'The EPUB, for five minutes. Null while the right is not active or there is no file. For the reader only.',
      select: { with: { edition: { columns: {}, with: { liveRevision: { columns: { fileId: true } } } } } },
      resolve: ({ id, readerId, status, edition }, _args, context) => {
        const hasFile = (edition.liveRevision?.fileId ?? null) !== null;
        const isReader = context.viewer?.id === readerId;
        return status === 'ACTIVE' && hasFile && isReader
          ? downloadLink(context, { entitlementId: id, readerId }).url
          : null;
      },
    }),
    reading: t.field({
      type: Reading,
      nullable: true,
      complexity: { field: 20 },
      description:
        'The book to read in the browser, for half an hour; to open it counts as a download. Null while the right is not active or there is no file. For the reader only.',
      select: {
        with: { edition: { columns: {}, with: { liveRevision: { columns: { fileId: true }, extras: readChapters } } } },
      },
      resolve: ({ id, readerId, status, edition: { liveRevision } }, _args, context) => {
        const chapters = chaptersSchema.parse(liveRevision?.chapters ?? undefined);
        const hasText = (liveRevision?.fileId ?? null) !== null && chapters.length > 0;
        if (status !== 'ACTIVE' || !hasText || context.viewer?.id !== readerId) return null;
        const shown = chapters.map(({ title }) => ({ title, isCut: false }));
        return { ...readingLink(context, { entitlementId: id, readerId }), chapters: shown };
      },
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Since when.' }),
  }),
});

const EntitlementConnection = builder.connectionObject(
  { type: Entitlement, name: 'EntitlementConnection' },
  { name: 'EntitlementEdge', description: 'A right to read and where it stands in the list.' },
);

builder.queryField('myLibrary', (t) =>
  t.field({
    type: EntitlementConnection,
    description: 'Your books, the newest first.',
    authScopes: { signedIn: 'library:read' },
    args: pageArgs(t),
    resolve: async (_root, { first, after }, context, info) => {
      const from = decodeCursor(after, createdCursor);
      const rows = await context.db.query.entitlements.findMany({
        ...selectNodes(context, info, { id: true, readerId: true, status: true, createdAt: true }),
        where: { readerId: signedIn(context).id, RAW: (entitlement) => behindInstant(entitlement, from) },
        orderBy: { createdAt: 'desc', id: 'desc' },
        limit: first + 1,
      });
      return pageOf(rows, first, after, (row) => [row.createdAt.getTime(), row.id]);
    },
  }),
);

builder.relayMutationField(
  'createDownload',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'A book of your library.' }).validate(idOf('Edition')),
    }),
  },
  {
    description: 'A link to the EPUB of a book in your library, good for five minutes and for you only.',
    authScopes: { signedIn: 'library:read' },
    errors: { types: [NotFoundError, InvalidStateError] },
    resolve: (_root, { input }, context) => download(context, input.editionId).catch(retell),
  },
  {
    outputFields: (t) => ({
      url: t.field({ type: 'URL', description: 'Get it with GET.', resolve: (made) => made.url }),
      expiresAt: t.field({
        type: 'DateTime',
        description: 'It is good until then.',
        resolve: (made) => made.expiresAt,
      }),
      fileName: t.string({ description: 'What to call it.', resolve: (made) => made.fileName }),
      sizeBytes: t.field({ type: 'SafeInt', description: 'Its size.', resolve: (made) => made.sizeBytes }),
      sha256: t.string({ description: 'SHA-256 of the bytes, in hex.', resolve: (made) => made.sha256 }),
    }),
  },
);

async function download(context: Context, editionId: string) {
  const found = await downloadOf(context.db, { readerId: signedIn(context).id, editionId });
  const { fileName, sizeBytes, sha256 } = found;
  return { ...downloadLink(context, found), fileName, sizeBytes, sha256 };
}
