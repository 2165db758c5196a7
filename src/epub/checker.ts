/**
 * Checker: the EPUBCheck library's report, as faults. Best effort: a book is never blocked because this failed.
 *
 * None of its ids blocks. It is stricter than any reading system (it calls three of seventeen sound books invalid, and
 * every EPUB 2 chapter that says `&nbsp;` fatal), and what does close a book (package, chapters, table of contents,
 * malformed XML) structure.ts finds by itself, also when this runs out of time.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { EpubCheck } from '@likecoin/epubcheck-ts';
import type { ValidationMessage } from '@likecoin/epubcheck-ts';
import manifest from '@likecoin/epubcheck-ts/package.json' with { type: 'json' };
import { FaultLog } from './fault.ts';
import type { Severity } from './fault.ts';
import type { CheckerReport } from './report.ts';

export async function runChecker(path: string): Promise<CheckerReport> {
  const log = new FaultLog();
  try {
    const result = await EpubCheck.validate(await readFile(path), { locale: 'en', includeInfo: true }, basename(path));
    for (const message of result.messages.toSorted((a, b) => rank(a) - rank(b))) addMessage(message, log);
    return {
      findings: log.findings,
      findingCount: log.findingCount,
      checkedWith: `epubcheck-ts ${manifest.version}`,
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const note = `The full report could not be made (${why}). The book itself was checked and can be opened.`;
    log.addFinding('CHECKER_FAILED', 'INFO', note);
    return { findings: log.findings, findingCount: log.findingCount, checkedWith: null };
  }
}

function addMessage(message: ValidationMessage, log: FaultLog): void {
  const file = message.location?.path ?? null;
  const place = { file, line: message.location?.line ?? null, column: message.location?.column ?? null };
  const suggestion = message.suggestion === undefined ? '' : ` ${message.suggestion}`;
  log.addFinding(message.id, toSeverity(message.severity), `${message.message.trim()}${suggestion}`, place);
}

function rank({ severity }: ValidationMessage): number {
  return ['fatal', 'error', 'warning', 'info'].indexOf(severity);
}

function toSeverity(severity: ValidationMessage['severity']): Severity {
  if (severity === 'fatal' || severity === 'error') return 'ERROR';
  return severity === 'warning' ? 'WARNING' : 'INFO';
}
