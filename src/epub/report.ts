/**
 * Report: what validation says of a book. The schema is the truth, since reports cross a process boundary.
 */
import { z } from 'zod';
import { REPORT_CAPS } from './caps.ts';

const faultSchema = z.object({
  code: z.string().max(100),
  severity: z.enum(['ERROR', 'WARNING', 'INFO']),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  column: z.number().int().nullable(),
  message: z.string().max(REPORT_CAPS.messageLengthMax),
});

const faultList = z.array(faultSchema).max(REPORT_CAPS.findingCountMax);

/** What our own structural check found; sent as soon as it stands, so that it survives the checker's end. */
export const verdictSchema = z.object({
  hostile: faultList,
  blocking: faultList,
  findings: faultList,
  findingCount: z.number().int().nonnegative(),
});

export type Verdict = z.infer<typeof verdictSchema>;

/** What the EPUBCheck library added. */
export const checkerReportSchema = z.object({
  findings: faultList,
  findingCount: z.number().int().nonnegative(),
  /** Null when the checker itself failed; why is among the findings. */
  checkedWith: z.string().max(200).nullable(),
});

export type CheckerReport = z.infer<typeof checkerReportSchema>;

export type ValidationReport = {
  /** CHECKED: all of it ran. Any other: the run was cut short, and `isDecided` says whether it matters. */
  outcome: 'CHECKED' | 'TIMED_OUT' | 'OUT_OF_MEMORY' | 'CRASHED' | 'ABORTED';
  /** Our structural check ran to its end: `hostile` and `blocking` stand, whatever became of the checker's report. */
  isDecided: boolean;
  /** Not empty: reject and quarantine. */
  hostile: Verdict['hostile'];
  /** Not empty: no reader can open the book; its author can mend it. */
  blocking: Verdict['blocking'];
  /** Everything else, worst first, at most REPORT_CAPS.findingCountMax of `findingCount`. */
  findings: Verdict['findings'];
  findingCount: number;
  /** Names and versions, the checkers that ran to their end. */
  checkedWith: string[];
  durationMs: number;
  /** Why the run was cut short, for the operator. */
  detail: string | null;
};
