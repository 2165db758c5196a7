/** A catalogue of any size, made by a few set-based statements: works, editions, revisions, contributors, prices. */
import type { Sql } from '../../../src/db/client.ts';

const ROWS_A_STATEMENT = 50_000;
/** As many as the caller's pool has; each keeps a core of PostgreSQL busy. */
const CONNECTIONS = 2;
const COVERS = JSON.stringify({
  covers: [200, 400, 800].map((width) => ({
    storageKey: `covers/00000000-0000-7000-8000-000000000000/${width}.jpg`,
    width,
    height: width * 1.5,
    mediaType: 'image/jpeg',
  })),
});
const WORDS = `array['Sea','Night','Mountain','River','Winter','Letter','Garden','Clock','Harbour','Stone','Summer','Glass','Island','Bridge','Forest','Silence']`;

/**
 * Adds editions on sale until there are `count`, each with two contributors, covers, a price and a rating. Titles, names,
 * languages, subjects and prices vary as they do in a shop; every hundredth is not on sale.
 */
export async function growCatalogue(sql: Sql, count: number): Promise<void> {
  const ownerId = '018f0000-0000-7000-8000-0000000000aa';
  await sql`insert into "user" (id, name, email, role) values (${ownerId}, 'Publisher', 'publisher@example.org', 'AUTHOR')
    on conflict do nothing`;
  const [{ there } = { there: 0 }] = await sql<{ there: number }[]>`
    select count(*)::int as there from edition where owner_id = ${ownerId}`;
  for (let from = there; from < count; from += ROWS_A_STATEMENT * CONNECTIONS) {
    const starts = Array.from({ length: CONNECTIONS }, (_none, at) => from + at * ROWS_A_STATEMENT);
    await Promise.all(
      starts
        .filter((start) => start < count)
        .map((start) => addEditions(sql, ownerId, start, Math.min(count, start + ROWS_A_STATEMENT) - 1)),
    );
    // What comes next is joined with what is there by plans for as much as there is.
    await sql.unsafe('analyze');
  }
  await sql.unsafe('vacuum analyze');
}

async function addEditions(sql: Sql, ownerId: string, first: number, last: number): Promise<void> {
  const idOf = (kind: string) => `('018f${kind}00-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  await sql.begin(async (tx) => {
    await tx.unsafe(`create temp table book on commit drop as
      select n, ${idOf('01')} as work_id, ${idOf('02')} as edition_id, ${idOf('03')} as revision_id,
             (${WORDS})[1 + n % 16] || ' of the ' || (${WORDS})[1 + (n / 16) % 16] || ' ' || n as title,
             timestamptz '2000-01-01' + ((n * 7919::bigint) % 800000000) * interval '1 second' as published_at
      from generate_series(${first}, ${last}) n`);
    await tx.unsafe(`insert into work (id, owner_id, title) select work_id, '${ownerId}', title from book`);
    await tx.unsafe(`insert into edition (id, work_id, owner_id, rating_average, rating_count, created_at)
      select edition_id, work_id, '${ownerId}', 1 + (n % 17) / 4.0, n % 5000, published_at from book`);
    await tx.unsafe(`insert into revision (id, edition_id, number, status, title, language, subjects, extracted)
      select revision_id, edition_id, 1, 'PUBLISHED', title, (array['en','en-US','de','fr','es','cy'])[1 + (n % 100) / 18],
             array['Fiction', 'Subject ' || n % 500], '${COVERS}'::jsonb from book`);
    await tx.unsafe(`insert into contributor (revision_id, position, name, role)
      select revision_id, p, case p when 0 then 'Author ' || n % 90000 else 'Translator ' || n % 20000 end,
             case p when 0 then 'aut' else 'trl' end from book, generate_series(0, 1) p`);
    await tx.unsafe(`insert into price (edition_id, currency, amount_minor)
      select edition_id, case when n % 50 = 0 then 'USD' else 'EUR' end, 99 + (n * 37) % 4000 from book`);
    await tx.unsafe(`update edition e set live_revision_id = b.revision_id, working_revision_id = b.revision_id,
        published_at = b.published_at,
        sale_status = case when b.n % 100 = 99 then 'UNPUBLISHED' else 'PUBLISHED' end::sale_status
      from book b where e.id = b.edition_id`);
  });
}
