/**
 * Faults: what is wrong with a book, in words its author can act on.
 *
 * Three kinds. HOSTILE: no honest tool writes this, the file is kept from everyone. AUTHOR: nobody could open the book,
 * the author can mend it. NOTE: worth telling, blocks nothing.
 * Promise: a log never grows beyond its cap and never forgets how many faults there were.
 */
import { REPORT_CAPS } from './caps.ts';

export type Severity = 'ERROR' | 'WARNING' | 'INFO';

export type Fault = {
  /** Stable, for programs: `OPF_MISSING`, or an EPUBCheck id such as `RSC-005`. */
  code: string;
  severity: Severity;
  /** Path inside the book; null when it concerns the whole file. */
  file: string | null;
  /** Both count from 1. */
  line: number | null;
  column: number | null;
  /** Plain words: what is wrong and what to do. */
  message: string;
};

export type FaultPlace = { file?: string | null; line?: number | null; column?: number | null };

export function makeFault(code: string, severity: Severity, message: string, place: FaultPlace = {}): Fault {
  return {
    code,
    severity,
    file: place.file ?? null,
    line: place.line ?? null,
    column: place.column ?? null,
    message: clip(visible(message), REPORT_CAPS.messageLengthMax),
  };
}

/** Faults by kind, each list capped; the counts are of all that were added. */
export class FaultLog {
  readonly hostile: Fault[] = [];
  readonly blocking: Fault[] = [];
  readonly findings: Fault[] = [];
  findingCount = 0;

  addHostile(code: string, message: string, place?: FaultPlace): void {
    push(this.hostile, makeFault(code, 'ERROR', message, place));
  }

  addBlocking(code: string, message: string, place?: FaultPlace): void {
    push(this.blocking, makeFault(code, 'ERROR', message, place));
  }

  addFinding(code: string, severity: Severity, message: string, place?: FaultPlace): void {
    this.findingCount += 1;
    push(this.findings, makeFault(code, severity, message, place));
  }

  get isClean(): boolean {
    return this.hostile.length === 0 && this.blocking.length === 0;
  }
}

/** Thrown when a file cannot be read at all: a wrong path, a folder, no permission. It says nothing about the book. */
export class EpubFileError extends Error {
  readonly code = 'EPUB_FILE_UNREADABLE';

  constructor(path: string, cause: unknown) {
    super(`The file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
    this.name = 'EpubFileError';
  }
}

/** Thrown by whoever needs a sound book and was given another. */
export class UnreadableEpubError extends Error {
  readonly code = 'EPUB_UNREADABLE';
  readonly faults: Fault[];

  constructor(faults: Fault[]) {
    super(`The book cannot be read: ${faults[0]?.message ?? 'its structure is broken'}`);
    this.name = 'UnreadableEpubError';
    this.faults = faults;
  }
}

function push(list: Fault[], fault: Fault): void {
  if (list.length < REPORT_CAPS.findingCountMax) list.push(fault);
}

/** Control and direction-override characters out: messages quote names that a stranger chose. */
function visible(text: string): string {
  return text.toWellFormed().replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

function clip(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).toWellFormed()}…`;
}
