/** Stage `publish.check-duplicates`: the same text or ISBN must not be on sale as another edition already. */
import { and, eq, ne, or, sql } from 'drizzle-orm';
import { editions, revisions } from '../../db/tables/index.ts';
import type { Tx } from '../../db/client.ts';
import type { Fault } from '../../epub/index.ts';
import { duplicatesCleared } from '../../events/index.ts';
import { advance, type StageInput } from '../../streams/index.ts';
import { needsChanges } from './outcomes.ts';
import { at, type EditionPayload, mergeReport } from './revision.ts';

export async function checkDuplicates(
  tx: Tx,
  inputs: readonly StageInput<EditionPayload>[],
  { clock }: { clock: { now(): Date } },
) {
  const outcomes = [];
  for (const { payload } of inputs) {
    const faults = await findDuplicates(tx, payload);
    const [own] = await tx
      .select({ report: revisions.report })
      .from(revisions)
      .where(eq(revisions.id, payload.revisionId));
    outcomes.push(
      faults.length > 0
        ? needsChanges(payload, faults, mergeReport(own?.report, []), clock.now())
        : advance(duplicatesCleared.of(at(payload, 'DEDUPING'))),
    );
  }
  return outcomes;
}

async function findDuplicates(tx: Tx, payload: EditionPayload): Promise<Fault[]> {
  const rivals = await tx
    .select({ title: revisions.title, sameIsbn: sql<boolean>`${editions.isbn13} = own.isbn13` })
    .from(editions)
    .innerJoin(revisions, eq(revisions.id, editions.liveRevisionId))
    .innerJoin(
      sql`(select e.isbn13, r.content_hash from revision r join edition e on e.id = r.edition_id
           where r.id = ${payload.revisionId}) own`,
      sql`true`,
    )
    .where(
      and(
        eq(editions.saleStatus, 'PUBLISHED'),
        ne(editions.id, payload.editionId),
        or(sql`${editions.isbn13} = own.isbn13`, sql`${revisions.contentHash} = own.content_hash`),
      ),
    )
    .limit(10);
  return rivals.map(({ title, sameIsbn }) => ({
    code: sameIsbn ? 'ISBN_TAKEN' : 'DUPLICATE_BOOK',
    severity: 'ERROR',
    file: null,
    line: null,
    column: null,
    message: sameIsbn
      ? `The ISBN is on sale already, for "${title}". Every edition has an ISBN of its own: correct it or leave it out.`
      : `The same text is on sale already, as "${title}". If it is yours, make a new revision of that edition instead.`,
  }));
}
