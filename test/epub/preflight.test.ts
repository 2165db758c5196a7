import { describe, expect, it } from 'vitest';
import { EpubFileError, preflight } from '../../src/epub/index.ts';
import * as make from './hostile.ts';
import { useScratch } from './scratch.ts';

const layDown = useScratch();

describe('a hostile archive is refused as hostile', () => {
  it.each([
    ['a zip bomb', make.makeBomb, 'BOMB'],
    ['entries that overlap', make.makeOverlap, 'ENTRIES_OVERLAP'],
    ['a name that climbs out', make.makeTraversal, 'NAME_TRAVERSAL'],
    ['a name that climbs out by backslashes', make.makeBackslashTraversal, 'NAME_TRAVERSAL'],
    ['an absolute name', make.makeAbsoluteName, 'NAME_ABSOLUTE'],
    ['a name on a drive', make.makeDriveName, 'NAME_ABSOLUTE'],
    ['a name with NUL', make.makeNulName, 'NAME_FORGED'],
    ['a symlink', make.makeSymlink, 'ENTRY_SYMLINK'],
    ['a device', make.makeDevice, 'ENTRY_SPECIAL_FILE'],
    ['one name twice', make.makeDuplicateName, 'NAME_DUPLICATE'],
    ['two names for one entry', make.makeTwoHeaderNames, 'HEADERS_DISAGREE'],
    ['a declared size that is a lie', make.makeLyingSize, 'ENTRY_SIZE_LIE'],
    ['two declared sizes', make.makeTwoSizes, 'ENTRY_SIZE_LIE'],
    ['too many entries', make.makeManyEntries, 'TOO_MANY_ENTRIES'],
  ])('%s', async (_, makeBook, code) => {
    const result = await preflight(await layDown(makeBook()));
    expect(result.ok).toBe(false);
    expect(result.hostile.map((fault) => fault.code)).toContain(code);
  });
});

describe('a fault its author can mend is told as such', () => {
  it.each([
    ['no zip', make.makeNotAZip, 'NOT_A_ZIP'],
    ['an empty file', make.makeEmptyFile, 'NOT_A_ZIP'],
    ['a file cut short', make.makeTruncated, 'ZIP_DAMAGED'],
    ['a wrong checksum', make.makeWrongChecksum, 'ENTRY_DAMAGED'],
    ['a zip password', make.makeEncryptedFlag, 'ENTRY_ENCRYPTED'],
    ['an unknown packing method', make.makeUnknownMethod, 'ENTRY_METHOD'],
    ['a wrong mimetype', make.makeWrongMimetype, 'MIMETYPE_WRONG'],
    ['no mimetype', make.makeNoMimetype, 'MIMETYPE_MISSING'],
    ['a name that is not UTF-8', make.makeBrokenUtf8Name, 'NAME_NOT_UTF8'],
    ['a name with a backslash', make.makeBackslashName, 'NAME_BACKSLASH'],
    ['names apart by case only', make.makeCaseDuplicate, 'NAME_DUPLICATE_CASE'],
    ['encrypted chapters', make.makeDrm, 'DRM'],
    ['a Readium LCP licence', make.makeLcp, 'DRM'],
  ])('%s', async (_, makeBook, code) => {
    const result = await preflight(await layDown(makeBook()));
    expect(result).toMatchObject({ ok: false, hostile: [] });
    expect(result.blocking.map((fault) => fault.code)).toContain(code);
  });
});

describe('what is sound passes', () => {
  it('passes a plain book and lists its entries', async () => {
    const result = await preflight(await layDown(make.bookWith()));
    expect(result).toMatchObject({ ok: true, findings: [] });
    expect(result.entries.map(({ name }) => name)).toContain('EPUB/c1.xhtml');
  });

  it('passes obfuscated fonts, which every reader undoes', async () => {
    expect((await preflight(await layDown(make.makeObfuscatedFonts()))).ok).toBe(true);
  });

  it('notes a mimetype that is padded, without blocking', async () => {
    const result = await preflight(await layDown(make.bookWith({ mimetype: 'application/epub+zip\n' })));
    expect(result.ok).toBe(true);
    expect(result.findings.map((fault) => fault.code)).toEqual(['MIMETYPE_PADDED']);
  });
});

describe('caps', () => {
  it('refuses a file above the size cap without opening it', async () => {
    const result = await preflight(await layDown(make.bookWith()), { fileSizeBytesMax: 100 });
    expect(result.blocking.map((fault) => fault.code)).toEqual(['FILE_TOO_LARGE']);
  });

  it('refuses honest contents above the caps as a fault of the author, not as an attack', async () => {
    const result = await preflight(await layDown(make.bookWith()), { entrySizeBytesMax: 200, totalSizeBytesMax: 500 });
    expect(result.hostile).toEqual([]);
    expect(new Set(result.blocking.map((fault) => fault.code))).toEqual(
      new Set(['ENTRY_TOO_LARGE', 'CONTENT_TOO_LARGE']),
    );
  });

  it('throws a typed error for a path that cannot be read', async () => {
    await expect(preflight('/nowhere/at-all.epub')).rejects.toBeInstanceOf(EpubFileError);
  });

  it('quotes names without control or direction-override characters', async () => {
    const result = await preflight(await layDown(make.bookWith({ 'EPUB/../\u202egpj.exe': 'x' })));
    expect(result.hostile[0]?.message).not.toMatch(/[\u202e\p{Cc}]/u);
  });
});
