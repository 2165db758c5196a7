/**
 * Validation: structure (ours, decides) and report (the EPUBCheck library, best effort), in a killable child.
 *
 * Promise: always settles within `timeoutMs` and a moment, never throws for what a book contains, and a checker that is
 * slow, hungry or broken never blocks a sound book: the structural verdict arrives first and stands.
 */
import { type ChildOutcome, type ProgressEvent } from '../child-processes/index.ts';
import { CHILD_CAPS, REPORT_CAPS } from './caps.ts';
import { runInBookChild } from './book-child.ts';
import { checkerReportSchema, verdictSchema } from './report.ts';
import type { CheckerReport, ValidationReport, Verdict } from './report.ts';

export type ValidateOptions = {
  /** (Default: CHILD_CAPS.timeoutMs) */
  timeoutMs?: number;
  /** (Default: CHILD_CAPS.memoryMbMax) */
  memoryMbMax?: number;
  onProgress?: (event: ProgressEvent) => void;
  signal?: AbortSignal;
};

const STRUCTURE = 'booky-hub structure';

/** @param path an archive that passed preflight */
export async function validateEpub(path: string, options: ValidateOptions = {}): Promise<ValidationReport> {
  const startedAt = performance.now();
  let verdict: Verdict | null = null;
  const ended = await runInBookChild(
    { task: 'validate', path },
    {
      timeoutMs: options.timeoutMs ?? CHILD_CAPS.timeoutMs,
      memoryMbMax: options.memoryMbMax ?? CHILD_CAPS.memoryMbMax,
      onProgress: options.onProgress,
      signal: options.signal,
      onPart: (part) => {
        verdict = verdictSchema.safeParse(part).data ?? null;
      },
    },
  );
  return compose(verdict, ended, Math.round(performance.now() - startedAt));
}

function compose(verdict: Verdict | null, ended: ChildOutcome, durationMs: number): ValidationReport {
  const checker = ended.outcome === 'DONE' ? checkerReportSchema.nullable().safeParse(ended.value) : null;
  const report: CheckerReport | null = checker?.data ?? null;
  const findings = [...(verdict?.findings ?? []), ...(report?.findings ?? [])];
  return {
    outcome: ended.outcome === 'DONE' ? (checker?.success === true ? 'CHECKED' : 'CRASHED') : ended.outcome,
    isDecided: verdict !== null,
    hostile: verdict?.hostile ?? [],
    blocking: verdict?.blocking ?? [],
    findings: findings.slice(0, REPORT_CAPS.findingCountMax),
    findingCount: (verdict?.findingCount ?? 0) + (report?.findingCount ?? 0),
    checkedWith: [
      ...(verdict === null ? [] : [STRUCTURE]),
      ...(typeof report?.checkedWith === 'string' ? [report.checkedWith] : []),
    ],
    durationMs,
    detail: ended.outcome === 'DONE' ? null : ended.detail,
  };
}
