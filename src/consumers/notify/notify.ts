/**
 * Workflow `announcement`: a mail that follows a publication.
 *
 * It hangs off a finished event with a run of its own: it can fail for ever and nothing else notices. The mail's key is
 * the revision's, so that a repeat is recognisable as the same mail.
 */
import { eq } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { editions, revisions, users } from '../../db/tables/index.ts';
import { editionPublished, noticeSent } from '../../events/index.ts';
import { TerminalError } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { MAIL_TIMEOUT_MS, mailRetry, sendNotice } from './send-notice.ts';
import { announcementText } from './texts.ts';

export const announcement = workflow('announcement', {
  startedBy: 'edition.published of publish',
  stages: [
    stage('send', {
      on: editionPublished,
      emits: [noticeSent],
      retry: mailRetry,
      timeoutMs: MAIL_TIMEOUT_MS,
      run: async ({ payload: { revisionId } }, context) => {
        const { title, author } = await readPublication(context.services.db, revisionId);
        return sendNotice(
          context,
          { key: `published:${revisionId}`, kind: 'PUBLISHED', to: author },
          announcementText(title, context.services.publicUrl),
        );
      },
    }),
  ],
});

async function readPublication(db: Db, revisionId: string) {
  const [row] = await db
    .select({ title: revisions.title, author: { id: users.id, email: users.email } })
    .from(revisions)
    .innerJoin(editions, eq(editions.id, revisions.editionId))
    .innerJoin(users, eq(users.id, editions.ownerId))
    .where(eq(revisions.id, revisionId));
  if (!row) throw new TerminalError(`there is no revision ${revisionId}`);
  return row;
}
