/**
 * Checker: the EPUBCheck library's report, as faults. Best effort: a book is never blocked because this failed.
 *
 * The library is stricter than any reading system (it calls three of seventeen sound books invalid), so its errors are
 * findings. One id blocks: RSC-016, a document on the reading path that a conforming XML parser refuses, which our own
 * more lenient reading may have let through.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { EpubCheck } from '@likecoin/epubcheck-ts';
import type { ValidationMessage } from '@likecoin/epubcheck-ts';
import manifest from '@likecoin/epubcheck-ts/package.json' with { type: 'json' };
import { FaultLog } from './fault.ts';
import type { Severity } from './fault.ts';
import type { PackageDocument } from './package-document.ts';
import { contentItem } from './package-document.ts';
import type { CheckerReport } from './report.ts';

const BLOCKING_IDS = new Set(['RSC-016']);

export async function runChecker(path: string, document: PackageDocument): Promise<CheckerReport> {
  const log = new FaultLog();
  try {
    const result = await EpubCheck.validate(await readFile(path), { locale: 'en', includeInfo: true }, basename(path));
    const essential = essentialPaths(document);
    for (const message of result.messages.toSorted((a, b) => rank(a) - rank(b))) addMessage(message, essential, log);
    return {
      blocking: log.blocking,
      findings: log.findings,
      findingCount: log.findingCount,
      checkedWith: `epubcheck-ts ${manifest.version}`,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const note = `The full report could not be made (${why}). The book itself was checked and can be opened.`;
    log.addFinding('CHECKER_FAILED', 'INFO', note);
    return { blocking: [], findings: log.findings, findingCount: log.findingCount, checkedWith: null };
  }
}

function addMessage(message: ValidationMessage, essential: Set<string>, log: FaultLog): void {
  const file = message.location?.path ?? null;
  const place = { file, line: message.location?.line ?? null, column: message.location?.column ?? null };
  const suggestion = message.suggestion === undefined ? '' : ` ${message.suggestion}`;
  const text = `${message.message}${suggestion}`;
  if (BLOCKING_IDS.has(message.id) && file !== null && essential.has(file)) log.addBlocking(message.id, text, place);
  else log.addFinding(message.id, toSeverity(message.severity), text, place);
}

/** What a reader must open to show the book: package, table of contents, chapters. */
function essentialPaths(document: PackageDocument): Set<string> {
  const paths = new Set([document.path]);
  const items = [document.nav, document.ncx, ...document.spine.map(({ item }) => item)];
  for (const item of items) {
    if (item === null) continue;
    const { target } = contentItem(document, item);
    if (target.kind === 'LOCAL') paths.add(target.path);
  }
  return paths;
}

function rank({ severity }: ValidationMessage): number {
  return ['fatal', 'error', 'warning', 'info'].indexOf(severity);
}

function toSeverity(severity: ValidationMessage['severity']): Severity {
  if (severity === 'fatal' || severity === 'error') return 'ERROR';
  return severity === 'warning' ? 'WARNING' : 'INFO';
}
