/** Stage `publish.check-metadata`: is everything there that a shop must say of a book? Names every gap at once. */
import { count, eq } from 'drizzle-orm';
import { contributors, prices } from '../../db/tables/index.ts';
import type { Fault } from '../../epub/index.ts';
import { editionProgressed, metadataAccepted } from '../../events/index.ts';
import { advance, snooze, type StageContext, type StageInput } from '../../streams/index.ts';
import type { ConsumerServices } from '../services.ts';
import { needsChanges } from './outcomes.ts';
import { at, changeRevision, type EditionPayload, readRevision } from './revision.ts';

type Context = StageContext<ConsumerServices, 'edition.progressed'>;

export async function checkMetadata({ payload }: StageInput<EditionPayload>, context: Context) {
  const { services, clock } = context;
  const begun = await context.announce(
    editionProgressed.of({
      ...at(payload, 'CHECKING_METADATA'),
      note: 'Looking through what you wrote about the book.',
    }),
    (tx) => changeRevision(tx, payload.revisionId, { status: 'CHECKING_METADATA', report: null }, clock.now()),
  );
  if (!begun) return snooze(0);
  const faults = await findGaps(services.db, payload);
  if (faults.length > 0) return needsChanges(payload, faults, [], clock.now());
  return advance(metadataAccepted.of(at(payload, 'SCANNING_FILE')), (tx) =>
    changeRevision(tx, payload.revisionId, { status: 'SCANNING_FILE' }, clock.now()),
  );
}

async function findGaps(db: ConsumerServices['db'], payload: EditionPayload): Promise<Fault[]> {
  const { revision, file } = await readRevision(db, payload.revisionId);
  const [people] = await db
    .select({ count: count() })
    .from(contributors)
    .where(eq(contributors.revisionId, payload.revisionId));
  const [priced] = await db.select({ count: count() }).from(prices).where(eq(prices.editionId, payload.editionId));
  const faults: Fault[] = [];
  if (revision.title.trim() === '') faults.push(gap('TITLE_MISSING', 'The book has no title. Give it one.'));
  if (people?.count === 0) {
    faults.push(gap('CONTRIBUTORS_MISSING', 'The book names nobody. Add its author, or whoever else made it.'));
  }
  if (priced?.count === 0) {
    faults.push(gap('PRICE_MISSING', 'The book has no price. Set one for at least one currency; 0 makes it free.'));
  }
  if (!file) faults.push(gap('FILE_MISSING', 'The book has no file. Upload its EPUB and attach it.'));
  else if (file.state === 'PENDING') {
    faults.push(gap('FILE_PENDING', 'The upload of the file was not completed. Complete it, or upload it again.'));
  } else if (file.state === 'QUARANTINED') {
    faults.push(gap('FILE_QUARANTINED', 'The file was rejected before. Upload another one.'));
  }
  return faults;
}

const gap = (code: string, message: string): Fault => ({
  code,
  severity: 'ERROR',
  file: null,
  line: null,
  column: null,
  message,
});
