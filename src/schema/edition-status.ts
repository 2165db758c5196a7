/** `Subscription.editionStatus`: an edition on its way to the readers, for its author and for admins. */
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import type { Db } from '../db/client.ts';
import { revisionStatus, saleStatus } from '../db/tables/books.ts';
import { editionSubject } from '../events/index.ts';
import type { StoredEvent } from '../streams/event.ts';
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { idOf } from './ids.ts';
import { lastEventColumns, lastEventOf, lastEventRow, statusAt } from './last-event.ts';
import { openLive, shown } from './live.ts';
import { ownerLookup } from './rights-watch.ts';
import { noteOf, type Progress, progressOf } from './progress.ts';
import { EditionStatus } from './statuses.ts';

const status = z.enum([...revisionStatus.enumValues, 'UNPUBLISHED', 'TAKEN_DOWN']);

/** What an event of an edition tells of it; a retry tells nothing new. */
const stateSchema = z.object({ status, onSale: z.boolean(), revisionNumber: z.number() });
type State = z.infer<typeof stateSchema>;

interface EditionStatusUpdate extends Progress, State {
  editionId: string;
  note: string | null;
}

const EditionStatusUpdateRef = builder.objectRef<EditionStatusUpdate>('EditionStatusUpdate').implement({
  carried: true,
  description: 'One step of an edition on its way, or its present state when it is the first.',
  fields: (t) => ({
    seq: t.exposeInt('seq', { description: '1, 2, 3 … per edition, without gaps; resume with `after: seq`.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it happened.' }),
    status: t.expose('status', { type: EditionStatus, description: 'The status after it.' }),
    stage: t.exposeString('stage', {
      nullable: true,
      description: 'The stage that did it, such as `publish.validate`.',
    }),
    attempts: t.exposeInt('attempts', { nullable: true, description: 'How many tries the stage has taken.' }),
    retryAt: t.expose('retryAt', {
      type: 'DateTime',
      nullable: true,
      description: 'The stage failed and is tried again then; nothing is lost.',
    }),
    onSale: t.exposeBoolean('onSale', { description: 'Readers can buy it meanwhile.' }),
    revisionNumber: t.exposeInt('revisionNumber', { description: 'The revision it speaks of.' }),
    note: t.exposeString('note', { nullable: true, description: 'Why, or how far, in plain words.' }),
    edition: t.drizzleField({
      type: 'editions',
      description: 'The edition as it is now.',
      resolve: async (query, { editionId }, _args, { db }) => {
        const edition = await db.query.editions.findFirst(query({ where: { id: editionId } }));
        if (!edition) throw new TypeError('the edition of a live subscription is gone');
        return edition;
      },
    }),
  }),
});

builder.subscriptionField('editionStatus', (t) =>
  t.field({
    type: EditionStatusUpdateRef,
    description: 'An edition on its way to the readers. For its author and for admins.',
    authScopes: { signedIn: 'catalog:read' },
    args: {
      editionId: t.arg.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      after: t.arg.int({
        required: false,
        description: 'Resume behind this seq instead of beginning with the present state.',
        validate: z.number().min(0, 'A seq is 0 or more.'),
      }),
    },
    subscribe: (_root, { editionId, after }, context) => watchEdition(context, editionId, after ?? context.resumeAfter),
    resolve: shown,
  }),
);

async function watchEdition(context: Context, editionId: string, after: number | null) {
  const subject = editionSubject(editionId);
  let last: State = { status: 'DRAFT', onSale: false, revisionNumber: 1 };
  if (after !== null) last = (await stateBefore(context, subject, after)) ?? last;
  const { keyedDb: db } = context;
  return openLive<EditionStatusUpdate>(context, {
    subject,
    noun: 'edition',
    after,
    owned: { lookup: ownerOf, id: editionId },
    snapshot: async () => {
      const update = await readSnapshot(db, editionId);
      if (update) last = { status: update.status, onSale: update.onSale, revisionNumber: update.revisionNumber };
      return update;
    },
    show: (event: StoredEvent) => {
      last = stateSchema.safeParse(event.payload).data ?? last;
      return { ...progressOf(event), ...last, editionId, note: noteOf(event.payload) };
    },
  });
}

const ownerOf = ownerLookup((id) => sql`select owner_id as owner from edition where id = ${id}`);

const snapshotRows = z.array(
  lastEventRow.extend({
    saleStatus: z.enum(saleStatus.enumValues),
    revisionStatus: z.enum(revisionStatus.enumValues),
    revisionNumber: z.number(),
  }),
);

/** Status and last seq in one statement, so that no change falls between them. */
async function readSnapshot(db: Db, editionId: string): Promise<EditionStatusUpdate | null> {
  const rows = await db.execute(sql`
    select d.sale_status as "saleStatus", r.status as "revisionStatus", r.number as "revisionNumber", ${lastEventColumns}
    from edition d
    join revision r on r.id = coalesce(d.working_revision_id, d.live_revision_id)
    left join ${lastEventOf(sql`'edition:' || d.id`)}
    where d.id = ${editionId}`);
  const row = snapshotRows.parse([...rows])[0];
  if (!row) return null;
  return {
    ...progressOf(row),
    editionId,
    status: row.revisionStatus === 'PUBLISHED' && row.saleStatus !== 'UNRELEASED' ? row.saleStatus : row.revisionStatus,
    onSale: row.saleStatus === 'PUBLISHED',
    revisionNumber: row.revisionNumber,
    note: noteOf(row.payload),
  };
}

async function stateBefore({ keyedDb: db }: Context, subject: string, seq: number): Promise<State | null> {
  const [row] = [...(await db.execute(statusAt(subject, seq)))];
  return stateSchema.extend({ onSale: z.string().transform((text) => text === 'true') }).safeParse(row).data ?? null;
}
