/** A hostile chapter in a frame of a real browser: nothing of it runs, nothing is asked for, nothing leads out. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/db/tables/columns.ts';
import { editions, files, revisions, works } from '../../src/db/tables/index.ts';
import { buildEpub } from '../../src/epub/build.ts';
import { sampleLink } from '../../src/schema/links.ts';
import { useApi } from '../schema/support/api.ts';
import { chromiumPath, openVisitor, type Visitor } from './browser.ts';

const HARM = `<script>top.document.title = 'run'; fetch('/canary-script'); alert(1)</script>
<p onclick="fetch('/canary-click')" id="para">The tide is out.</p>
<img src="x" onerror="fetch('/canary-error')" alt="none"/>
<svg xmlns="http://www.w3.org/2000/svg" onload="fetch('/canary-svg')"><script>fetch('/canary-svg')</script></svg>
<iframe src="/canary-frame"></iframe><object data="/canary-object"></object>
<img src="/canary-picture" alt="far"/><link rel="stylesheet" href="/canary-style"/><style>@import url(/canary-import);</style>
<meta http-equiv="refresh" content="0;url=/canary-refresh"/>
<form action="/canary-form"><button id="send">send</button></form>
<a id="js" href="javascript:fetch('/canary-link')">js</a><a id="out" href="/canary-out" target="_top">out</a>`;

describe.skipIf(chromiumPath === undefined)('a chapter in a browser', () => {
  const api = useApi();
  const visitors: Visitor[] = [];
  afterEach(async () => {
    for (const visitor of visitors.splice(0)) await visitor.leave();
  });

  /** @returns the address of the first chapter of a book on sale */
  async function sell(): Promise<string> {
    const chapter = { title: 'Chapter 1', paragraphs: ['A first line.'], bodyXhtml: HARM };
    const bytes = await buildEpub({ title: 'Harm', language: 'en', chapters: [chapter] });
    const { id: ownerId } = await api.signUp('AUTHOR');
    const [fileId, workId, editionId, revisionId] = [newId(), newId(), newId(), newId()];
    const file = { mediaType: 'application/epub+zip', sizeBytes: bytes.length, storageKey: `files/${fileId}.epub` };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { storage } = api.services;
    await storage.put(file.storageKey, bytes, { contentType: file.mediaType, sizeBytesMax: bytes.length });
    await api.db.insert(files).values({ id: fileId, ownerId, name: 'a.epub', sha256, state: 'STORED', ...file });
    await api.db.insert(works).values({ id: workId, ownerId, title: 'Harm' });
    await api.db.insert(editions).values({ id: editionId, workId, ownerId, saleStatus: 'PUBLISHED' });
    const extracted = { chapters: [{ title: 'Chapter 1', wordCount: 2_000 }] };
    await api.db
      .insert(revisions)
      .values({ id: revisionId, editionId, number: 1, status: 'PUBLISHED', title: 'Harm', fileId, extracted });
    await api.db.update(editions).set({ liveRevisionId: revisionId });
    return `${sampleLink(api.services, revisionId).link}&chapter=0`;
  }

  async function visit() {
    const visitor = await openVisitor();
    visitors.push(visitor);
    const { page, context } = visitor;
    const asked: string[] = [];
    const dialogs: string[] = [];
    // What was answered: a browser also tells of requests that its policy stopped before they were sent.
    context.on('response', (response) => asked.push(new URL(response.url()).pathname));
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(`${api.url}/app`);
    const title = await page.title();
    /** Without the sandbox that the shop gives the frame: what holds then is the answer's own. */
    const frame = async (url: string) => {
      await page.evaluate(`{
        const frame = document.createElement('iframe');
        frame.id = 'book';
        frame.src = ${JSON.stringify(url)};
        document.body.replaceChildren(frame);
      }`);
      return page.frameLocator('#book');
    };
    const harm = async () => ({
      asked: asked.filter((path) => path.includes('canary')),
      dialogs,
      isTitleKept: (await page.title()) === title,
      isStillHere: page.url().startsWith(`${api.url}/app`),
    });
    return { visitor, frame, harm };
  }
  const NONE = { asked: [], dialogs: [], isTitleKept: true, isStillHere: true };

  test('is shown, and nothing of it runs, loads or leads out', async () => {
    const url = await sell();
    const { visitor, frame, harm } = await visit();
    const book = await frame(url);
    await book.getByText('A first line.').waitFor();
    await book.getByText('The tide is out.').click();
    for (const word of ['js', 'out']) await book.getByText(word, { exact: true }).click();
    expect(await harm()).toEqual(NONE);
    expect(visitor.complaints).toEqual([]);
  });

  test('written by a rule that fails would still be held by its policy', async () => {
    const url = await sell();
    const { visitor, frame, harm } = await visit();
    const { headers } = await fetch(url);
    await visitor.page.route('**/samples/**', (route) =>
      route.fulfill({ headers: Object.fromEntries(headers), body: `<!doctype html><body>${HARM}</body>` }),
    );
    const book = await frame(url);
    await book.getByText('The tide is out.').click();
    await book.getByText('send').click();
    await book.getByText('js', { exact: true }).click();
    const { asked, ...rest } = await harm();
    // A policy does not forbid a page to go elsewhere in its own frame; that nothing says so is the rule's matter.
    expect(asked.filter((path) => path !== '/canary-refresh')).toEqual([]);
    expect(rest).toEqual({ dialogs: [], isTitleKept: true, isStillHere: true });
  });
});
