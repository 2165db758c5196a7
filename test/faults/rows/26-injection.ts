/**
 * Row 26: books speak to the model that reads them, and the model obeys every word. The real enrichment workflow asks it
 * over HTTP; afterwards every table but the suggestions' own, and what the engine and the notices keep of their work, must
 * be what it was before.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { editionPublished } from '../../../src/events/index.ts';
import { READING_BANDS, SUMMARY_LENGTH_MAX, TAG_COUNT_MAX, TAG_LENGTH_MAX } from '../../../src/ports/ai/enricher.ts';
import { createFolderStorage } from '../../../src/ports/storage/folder-storage.ts';
import { appendEvents } from '../../../src/streams/index.ts';
import { says, startChatServer } from '../../ports/ai/chat-server.ts';
import type { FaultContext, FaultResult, FaultRow } from '../harness/row.ts';
import { openStack, type Stack } from '../harness/stack.ts';
import { waitFor } from '../harness/wait.ts';
import { type Injection, injections } from '../injection/corpus.ts';

/** A suggestion that cannot be used is asked for again, six times over some minutes. */
const SETTLED_MS_MAX = 15 * 60_000;
const ASKED_MS_MAX = 60_000;
const CHAPTER = 'The keeper climbed the stairs and lit the lamp, as on every evening. No ship came. '.repeat(40);
/** What enrichment is there to write, what the engine keeps of its runs, and the notice of a publication. */
const MAY_CHANGE = new Set([
  'enrichment',
  'ai_budget',
  'event',
  'outbox',
  'run',
  'timer',
  'dead_letter',
  'stream_head',
  'stage_progress',
  'relay_lease',
  'notice',
  'cron_slot',
]);

interface Book extends Injection {
  readonly revisionId: string;
  readonly editionId: string;
}

/** Puts each injection into the text of a book of its own, and into its title. */
async function writeBooks({ database, dataDir }: Stack): Promise<Book[]> {
  const storage = createFolderStorage({ folderPath: join(dataDir, 'files') });
  const rows = await database.sql<{ editionId: string; revisionId: string }[]>`
    select edition_id as "editionId", id as "revisionId" from revision order by id limit ${injections.length}`;
  const books: Book[] = [];
  for (const [at, injection] of injections.entries()) {
    const row = rows[at];
    if (!row) throw new RangeError('the market has too few books for the corpus');
    const text = `${CHAPTER}\n[${injection.name}]\n${injection.says}\n${CHAPTER}`;
    await storage.put(`texts/${row.revisionId}.txt`, Buffer.from(text), {
      contentType: 'text/plain; charset=utf-8',
      sizeBytesMax: 1_000_000,
    });
    await database.sql`update revision set title = ${injection.says.slice(0, 200)} where id = ${row.revisionId}`;
    books.push({ ...injection, ...row });
  }
  return books;
}

/** Every table that must not change, by a hash of its rows. */
async function photograph({ database: { sql } }: Stack): Promise<Map<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' order by 1`;
  const photograph = new Map<string, string>();
  for (const { name } of tables) {
    if (MAY_CHANGE.has(name)) continue;
    const rows = await sql.unsafe(`select t::text as row from "${name}" t order by 1`);
    photograph.set(name, createHash('sha256').update(JSON.stringify(rows)).digest('hex'));
  }
  return photograph;
}

const suggestionSchema = z.object({
  revisionId: z.string(),
  status: z.string(),
  summary: z.string().nullable(),
  tags: z.array(z.string()).nullable(),
  readingLevel: z.string().nullable(),
  readingGrade: z.number().nullable(),
});
type Suggestion = z.infer<typeof suggestionSchema>;

async function readSuggestions({ database: { sql } }: Stack): Promise<Map<string, Suggestion>> {
  const rows = await sql`
    select revision_id as "revisionId", status, summary, tags, reading_level as "readingLevel",
           reading_grade::float as "readingGrade" from enrichment`;
  return new Map(
    z
      .array(suggestionSchema)
      .parse([...rows])
      .map((one) => [one.revisionId, one]),
  );
}

/** What is wrong with a suggestion, as a reader would see it. */
function faultsOf({ summary, tags, readingLevel, readingGrade }: Suggestion): string[] {
  const words = summary ?? '';
  const faults: string[] = [];
  if (words === '' || words.length > SUMMARY_LENGTH_MAX) faults.push(`its summary has ${words.length} characters`);
  if (/[<>]|:\/\/|www\.|javascript:|\]\(/i.test(words)) faults.push('its summary has markup or a link');
  if (/[\p{Cc}\p{Cs}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u.test(words))
    faults.push('its summary has characters that nobody sees');
  if ((tags ?? []).length > TAG_COUNT_MAX) faults.push(`it has ${tags?.length ?? 0} tags`);
  for (const tag of tags ?? []) {
    if (tag.length > TAG_LENGTH_MAX || /[^\p{L}\p{M}\p{N}'&+\- ]/u.test(tag)) faults.push(`it has the tag '${tag}'`);
  }
  if (!READING_BANDS.some((band) => band === readingLevel)) faults.push(`its band is ${readingLevel ?? 'none'}`);
  if (readingGrade === null || readingGrade < 1 || readingGrade > 18) faults.push('its grade is none');
  return faults;
}

async function run(context: FaultContext): Promise<FaultResult> {
  const server = context.keep(await startChatServer());
  const stack = await openStack(context, {
    purchases: 1,
    env: { OPENAI_API_KEY: 'x', OPENAI_BASE_URL: server.baseUrl },
  });
  const books = await writeBooks(stack);
  const asked = new Map<string, number>();
  server.reply = (response, { messages }) => {
    const book = books.find(({ name }) => messages.some(({ content }) => content.includes(`[${name}]`)));
    asked.set(book?.name ?? 'none', (asked.get(book?.name ?? 'none') ?? 0) + 1);
    says(book?.answers ?? '{}')(response, {
      messages,
      model: 'obedient',
      max_completion_tokens: 1,
      response_format: FORMAT,
    });
  };
  const before = await photograph(stack);
  await appendEvents(
    stack.database.db,
    books.map(({ editionId, revisionId }) =>
      editionPublished.of({ editionId, revisionId, revisionNumber: 1, status: 'PUBLISHED', onSale: true }),
    ),
    { now: new Date(), shards: 1 },
  );
  await stack.worker('worker-1').start();
  context.say(`${books.length} books are read by a model that obeys them`);
  const isSettled = async () => {
    const suggestions = await readSuggestions(stack);
    const open = books.filter(({ isUsable, revisionId, name }) => {
      const status = suggestions.get(revisionId)?.status;
      if (isUsable) return status !== 'READY';
      return context.isShort ? !asked.has(name) : status !== 'FAILED';
    });
    return open.length === 0;
  };
  await waitFor('every book is settled', context.isShort ? ASKED_MS_MAX : SETTLED_MS_MAX, isSettled);
  return judge(books, asked, { before, after: await photograph(stack), suggestions: await readSuggestions(stack) });
}

const FORMAT = { type: 'json_schema', json_schema: { name: 'x', strict: true, schema: {} } } as const;

interface Seen {
  before: Map<string, string>;
  after: Map<string, string>;
  suggestions: Map<string, Suggestion>;
}

function judge(
  books: readonly Book[],
  asked: ReadonlyMap<string, number>,
  { before, after, suggestions }: Seen,
): FaultResult {
  const changed = [...before.keys()].filter((table) => before.get(table) !== after.get(table));
  const violations = changed.map((table) => `rows of ${table} have changed`);
  let ready = 0;
  for (const { name, isUsable, revisionId } of books) {
    const suggestion = suggestions.get(revisionId);
    if (suggestion?.status !== 'READY') continue;
    ready += 1;
    if (!isUsable) violations.push(`${name}: an answer of another form became a suggestion`);
    violations.push(...faultsOf(suggestion).map((fault) => `${name}: ${fault}`));
  }
  const questions = [...asked.values()].reduce((sum, count) => sum + count, 0);
  return {
    injected: `${books.length} books with instructions to the model, which obeys them all`,
    figures: {
      'questions asked': questions,
      'suggestions made': ready,
      'answers refused': books.length - ready,
      'tables compared': before.size,
      'tables changed': changed.length,
    },
    violations,
  };
}

const row: FaultRow = {
  row: 26,
  title: 'Books give orders to the model',
  promise: [],
  loadFull: `${injections.length} books, each until its suggestion is made or given up`,
  loadShort: `${injections.length} books, each until it was read once`,
  invariant: 'each suggestion fits its schema and holds nothing but words; no row changes but those of suggestions',
  run,
};
export default row;
