/**
 * `npm run demo -- FILE.epub`: a book's whole life through the public API, as a new author and a new reader.
 *
 *     --url URL     a running Booky Hub (Default: http://localhost:4000 if one answers there, else one of its own)
 *     --token TOK   how the reader pays: a test token of the sandbox gateway (Default: tok_succeeds)
 *
 * Prints each live step with its time and ends with the downloaded file compared byte for byte. Exit status: 0 when the
 * book was delivered, 2 when it was refused or declined with a reason, 1 when something went wrong.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { type ApiClient, apiClient, ApiRefusal } from './client.ts';
import * as operations from './operations.ts';
import { findOrStart } from './program.ts';

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

const END_OF_PUBLISHING = new Set(['PUBLISHED', 'NEEDS_CHANGES', 'REJECTED', 'FAILED']);
const END_OF_ORDER = new Set(['COMPLETED', 'DECLINED', 'CANCELLED', 'EXPIRED']);
const FINDINGS_SHOWN_MAX = 10;

interface Step {
  seq: number;
  at: string;
  status: string;
  stage: string | null;
  retryAt: string | null;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, token: { type: 'string', default: 'tok_succeeds' } },
  });
  const [path] = positionals;
  if (path === undefined) {
    process.stderr.write('Say which book: npm run demo -- FILE.epub\n');
    return 1;
  }
  const bytes = await readFile(path);
  const program = await findOrStart(values.url, say);
  try {
    return await liveOneLife(apiClient(program.url), { name: basename(path), bytes, paymentToken: values.token });
  } finally {
    await program.stop();
  }
}

async function liveOneLife(
  api: ApiClient,
  book: { name: string; bytes: Buffer; paymentToken: string },
): Promise<number> {
  const author = await signUp(api, 'author');
  await author.ask(operations.becomeAuthor.document, { input: { acceptTerms: true } }, operations.becomeAuthor.schema);
  say(`Author   uploads ${book.name}, ${book.bytes.byteLength} bytes`);
  const fileId = await upload(author, book);
  const editionId = await draft(author, book.name, fileId);
  await author.ask(
    operations.submitEdition.document,
    { input: { editionId, idempotencyKey: randomUUID() } },
    operations.submitEdition.schema,
  );
  const { document, schema } = operations.editionStatus;
  const published = await watch(author.follow(document, { id: editionId }, schema), END_OF_PUBLISHING);
  const revision = await tellReport(author, editionId);
  if (published !== 'PUBLISHED') {
    say(`\nThe book was not published: ${published}. The report above says why.`);
    return 2;
  }
  say(
    `\nRead     "${revision?.title ?? ''}", ${revision?.wordCount ?? 0} words, ${revision?.tableOfContents.length ?? 0} chapters\n`,
  );
  const ended = await buy(await signUp(api, 'reader'), editionId, book);
  // The same text is refused while it is on sale: taken off, the demo can be repeated with the same book.
  await author.ask(operations.unpublishEdition.document, { input: { editionId } }, operations.unpublishEdition.schema);
  say('Author   takes it off sale again, so that this demo can be repeated');
  return ended;
}

async function signUp(api: ApiClient, role: string): Promise<ApiClient> {
  const input = { name: `Demo ${role}`, email: `${role}-${randomUUID()}@example.org`, password: randomUUID() };
  const { session } = await api.ask(operations.signUp.document, { input }, operations.signUp.schema);
  return api.as(session.token);
}

async function upload(author: ApiClient, { name, bytes }: { name: string; bytes: Buffer }): Promise<string> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const staged = await author.ask(
    operations.createUpload.document,
    { input: { name, sizeBytes: bytes.byteLength, sha256 } },
    operations.createUpload.schema,
  );
  const response = await fetch(staged.uploadUrl, {
    method: 'PUT',
    headers: Object.fromEntries(staged.headers.map((header) => [header.name, header.value])),
    body: new Uint8Array(bytes),
  });
  if (!response.ok) throw new ApiRefusal(`the upload was refused: ${response.status} ${await response.text()}`);
  const { file } = await author.ask(
    operations.completeUpload.document,
    { input: { fileId: staged.file.id } },
    operations.completeUpload.schema,
  );
  return file.id;
}

async function draft(author: ApiClient, name: string, fileId: string): Promise<string> {
  const input = {
    title: name.replace(/\.epub$/i, ''),
    contributors: [{ name: 'Demo Author' }],
    prices: [{ amountMinor: 499, currency: 'EUR' }],
  };
  const { edition } = await author.ask(operations.createDraft.document, { input }, operations.createDraft.schema);
  await author.ask(
    operations.attachFile.document,
    { input: { editionId: edition.id, fileId } },
    operations.attachFile.schema,
  );
  return edition.id;
}

/** Prints each step as it arrives. @returns the status it ended with */
async function watch<One extends Step>(steps: AsyncIterable<One>, ends: ReadonlySet<string>): Promise<string> {
  let beganMs = 0;
  for await (const step of steps) {
    const atMs = Date.parse(step.at);
    if (beganMs === 0) beganMs = atMs;
    const note = 'note' in step && typeof step.note === 'string' ? `  ${step.note}` : '';
    const reason = 'reason' in step && typeof step.reason === 'string' ? `  ${step.reason}` : '';
    const retry = step.retryAt === null ? '' : `  trying again at ${step.retryAt}`;
    const seconds = ((atMs - beganMs) / 1_000).toFixed(3).padStart(8);
    say(
      `${seconds} s  ${String(step.seq).padStart(3)}  ${step.status.padEnd(18)} ${(step.stage ?? '').padEnd(26)}${note}${reason}${retry}`,
    );
    if (ends.has(step.status) && step.retryAt === null) return step.status;
  }
  throw new Error('the live steps ended before the last one');
}

async function tellReport(author: ApiClient, editionId: string): Promise<operations.RevisionFacts | null> {
  const { document, schema } = operations.readReport;
  const edition = await author.ask(document, { id: editionId }, schema);
  const revision = edition.workingRevision ?? edition.liveRevision;
  const findings = revision?.report ?? [];
  say(`\nReport   ${findings.length === 0 ? 'nothing to mend' : `${findings.length} findings`}`);
  for (const finding of findings.slice(0, FINDINGS_SHOWN_MAX)) {
    const place = finding.file === null ? '' : ` ${finding.file}${finding.line === null ? '' : `:${finding.line}`}`;
    say(`         ${finding.severity} ${finding.code}${place}: ${finding.message}`);
  }
  if (findings.length > FINDINGS_SHOWN_MAX) say(`         … and ${findings.length - FINDINGS_SHOWN_MAX} more`);
  return revision;
}

async function buy(
  reader: ApiClient,
  editionId: string,
  book: { bytes: Buffer; paymentToken: string },
): Promise<number> {
  say('Reader   buys it');
  const { order } = await reader.ask(
    operations.placeOrder.document,
    { input: { editionId, currency: 'EUR', paymentToken: book.paymentToken, idempotencyKey: randomUUID() } },
    operations.placeOrder.schema,
  );
  const { document, schema } = operations.orderStatus;
  const ended = await watch(reader.follow(document, { id: order.id }, schema), END_OF_ORDER);
  if (ended !== 'COMPLETED') {
    say(`\nThe order ended ${ended}; nothing was charged.`);
    return 2;
  }
  const download = await reader.ask(
    operations.createDownload.document,
    { input: { editionId } },
    operations.createDownload.schema,
  );
  const received = Buffer.from(await (await fetch(download.url)).arrayBuffer());
  const isSame = received.equals(book.bytes);
  say(
    `\nReader   downloads ${download.fileName}: ${received.byteLength} bytes, ${isSame ? 'the same to the byte' : 'NOT the same'}`,
  );
  return isSame ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
