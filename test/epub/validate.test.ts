import { execFile } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { validateEpub } from '../../src/epub/index.ts';
import { sandboxArguments } from '../../src/child-processes/child-process.ts';
import * as make from './hostile.ts';
import { useScratch } from './scratch.ts';

const layDown = useScratch();
const run = promisify(execFile);
const runSandboxed = (code: string) => run(process.execPath, [...sandboxArguments(64), '-e', code], { env: {} });

const XHTML_11 = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">';
const limits = { timeoutMs: 30_000, memoryMbMax: 1_024 };

describe('hostile documents are refused as hostile', () => {
  it.each([
    ['an entity bomb', make.makeEntityBomb, 'ENTITY_BOMB'],
    ['an entity that contains itself', make.makeEntityLoop, 'ENTITY_BOMB'],
    ['an entity that reads a file', make.makeFileEntity, 'ENTITY_READS_FILE'],
    ['elements nested without end', make.makeDeepXml, 'XML_TOO_DEEP'],
    ['a manifest of 100,000 items', make.makeHugeManifest, 'TOO_MANY_MANIFEST_ITEMS'],
  ])('%s', async (_, makeBook, code) => {
    const report = await validateEpub(await layDown(makeBook()), limits);
    expect(report).toMatchObject({ outcome: 'CHECKED', isDecided: true });
    expect(report.hostile.map((fault) => fault.code)).toContain(code);
  });
});

describe('what no reader can open blocks, with words for the author', () => {
  it.each([
    ['no container', make.makeNoContainer, 'CONTAINER_MISSING'],
    ['no package document', make.makeNoOpf, 'OPF_MISSING'],
    ['a malformed package document', make.makeMalformedOpf, 'XML_MALFORMED'],
    ['no table of contents', make.makeNoNav, 'NAV_MISSING'],
    ['a chapter that is not there', make.makeNoChapter, 'SPINE_RESOURCE_MISSING'],
    ['an empty spine', make.makeEmptySpine, 'SPINE_EMPTY'],
    ['a spine that names a stranger', make.makeUnknownIdref, 'SPINE_ITEM_UNKNOWN'],
    ['a malformed chapter', make.makeMalformedChapter, 'XML_MALFORMED'],
    ['a chapter in another encoding than it says', make.makeWrongEncoding, 'XML_ENCODING'],
  ])('%s', async (_, makeBook, code) => {
    const report = await validateEpub(await layDown(makeBook()), limits);
    expect(report).toMatchObject({ isDecided: true, hostile: [] });
    expect(report.blocking.map((fault) => fault.code)).toContain(code);
    for (const fault of report.blocking) expect(fault.message.length).toBeGreaterThan(20);
  });

  it('tells the file and the line of malformed markup', async () => {
    const report = await validateEpub(await layDown(make.makeMalformedChapter()), limits);
    expect(report.blocking[0]).toMatchObject({ file: 'EPUB/c1.xhtml', line: 3 });
  });
});

describe('what a reader survives does not block', () => {
  it('reports a missing picture and publishes', async () => {
    const report = await validateEpub(await layDown(make.makeMissingImage()), limits);
    expect(report).toMatchObject({ outcome: 'CHECKED', hostile: [], blocking: [] });
    expect(report.findings.map((fault) => fault.code)).toContain('MANIFEST_RESOURCE_MISSING');
  });

  it.each([
    ['a known name without a DTD', '', '&nbsp;'],
    ['a known name with the DTD of XHTML 1.1', XHTML_11, '&nbsp;'],
    ['a name nobody declared', '', '&mystery;'],
    ['a name the document declares', '<!DOCTYPE html [<!ENTITY who "Ann">]>', '&who;'],
    ['a namespace that is no address', '', '<x xmlns="relative"/>'],
    ['another encoding in the declaration', '<?xml version="1.0" encoding="iso-8859-1"?>', 'x'],
  ])('publishes a chapter with %s', async (_, prolog, text) => {
    const book = make.bookWith({ 'EPUB/c1.xhtml': prolog + make.xhtml(`<p>${text}</p>`) });
    expect(await validateEpub(await layDown(book), limits)).toMatchObject({
      isDecided: true,
      hostile: [],
      blocking: [],
    });
  });
});

describe('markup that a conforming parser refuses blocks', () => {
  it.each([
    ['a repeated attribute', '<p a="1" a="2">x</p>'],
    ['a comment without end', '<p><!-- x</p>'],
    ['a bare ampersand', '<p>a & b</p>'],
    ['a bare angle bracket in an attribute', '<p title="a<b">x</p>'],
    ['an unquoted attribute', '<p a=b>x</p>'],
    ['a prefix nobody bound', '<x:p>x</x:p>'],
    ['a control character', '<p>\u0001</p>'],
  ])('%s', async (_, body) => {
    const report = await validateEpub(await layDown(make.bookWith({ 'EPUB/c1.xhtml': make.xhtml(body) })), limits);
    expect(report.blocking).toMatchObject([{ code: 'XML_MALFORMED', file: 'EPUB/c1.xhtml' }]);
    expect(report.blocking[0]?.line).toBeGreaterThanOrEqual(2);
  });
});

describe('the child can always be ended', () => {
  it('ends at the time limit and keeps what was decided', async () => {
    const report = await validateEpub(await layDown(make.makeSlowBook()), { timeoutMs: 150, memoryMbMax: 2_048 });
    expect(report).toMatchObject({ outcome: 'TIMED_OUT', isDecided: false, blocking: [] });
    expect(report.durationMs).toBeLessThan(10_000);
  });

  it('ends at the memory limit', async () => {
    const report = await validateEpub(await layDown(make.makeSlowBook()), { timeoutMs: 60_000, memoryMbMax: 64 });
    expect(report.outcome).toBe('OUT_OF_MEMORY');
  });

  it('ends when asked to', async () => {
    const path = await layDown(make.makeSlowBook());
    const stop = new AbortController();
    const running = validateEpub(path, { ...limits, signal: stop.signal, onProgress: () => stop.abort() });
    expect((await running).outcome).toBe('ABORTED');
  });

  it('keeps the verdict when it ends while the report is under way', async () => {
    const path = await layDown(
      make.bookWith({ 'EPUB/c1.xhtml': make.xhtml('<p>word <i>word</i></p>'.repeat(20_000)) }),
    );
    const stop = new AbortController();
    const report = await validateEpub(path, {
      ...limits,
      signal: stop.signal,
      onProgress: ({ step }) => (step === 'report' ? stop.abort() : undefined),
    });
    expect(report).toMatchObject({ outcome: 'ABORTED', isDecided: true, hostile: [], blocking: [] });
    expect(report.checkedWith).toEqual(['booky-hub structure']);
  });

  it('may not write a file, start a program or see a secret', async () => {
    process.env['EPUB_TEST_SECRET'] = 'x';
    const { stdout } = await runSandboxed(`
      const attempts = [() => require('fs').writeFileSync('/tmp/escaped', 'x'), () => require('child_process').execSync('id')];
      const codes = attempts.map((attempt) => { try { attempt(); return 'DONE'; } catch (error) { return error.code; } });
      console.log(JSON.stringify({ codes, env: Object.keys(process.env) }));`);
    delete process.env['EPUB_TEST_SECRET'];
    expect(JSON.parse(stdout)).toEqual({ codes: ['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED'], env: [] });
  });

  it('says CRASHED for a file that vanished, and does not throw', async () => {
    const report = await validateEpub('/nowhere/at-all.epub', limits);
    expect(report).toMatchObject({ outcome: 'CRASHED', isDecided: false });
  });

  it('leaves the event loop free', async () => {
    const path = await layDown(make.makeDeepXml());
    const delay = monitorEventLoopDelay({ resolution: 10 });
    delay.enable();
    await validateEpub(path, limits);
    delay.disable();
    expect(delay.max / 1e6).toBeLessThan(250);
  });
});
