/** Judging one file as the publishing workflow does: the archive, then the documents, then what a shop shows of it. */
import { extract, ExtractionError, preflight, validateEpub } from '../../../src/epub/index.ts';
import type { Verdict } from './crafted.ts';

export interface Judged {
  readonly verdict: Verdict;
  /** The faults that were told, whatever follows from them. */
  readonly codes: readonly string[];
  readonly durationMs: number;
  /** Why a part of it was cut short; null when all ran to its end. */
  readonly cutShort: string | null;
}

const LIMITS = { timeoutMs: 60_000, memoryMbMax: 1_024 };

/** Throws when the reader did. @param isRead whether what passes is also read out */
export async function judge(path: string, { isRead }: { isRead: boolean }): Promise<Judged> {
  const startedAt = performance.now();
  const faults: { code: string }[] = [];
  const end = (verdict: Verdict, cutShort: string | null = null): Judged => ({
    verdict,
    codes: faults.map(({ code }) => code),
    durationMs: Math.round(performance.now() - startedAt),
    cutShort,
  });
  const archive = await preflight(path);
  faults.push(...archive.hostile, ...archive.blocking, ...archive.findings);
  if (archive.hostile.length > 0) return end('HOSTILE');
  if (!archive.ok) return end('BLOCKED');
  const report = await validateEpub(path, LIMITS);
  faults.push(...report.hostile, ...report.blocking, ...report.findings);
  if (report.hostile.length > 0) return end('HOSTILE');
  if (report.blocking.length > 0) return end('BLOCKED');
  if (!report.isDecided) return end('BLOCKED', `${report.outcome} ${report.detail ?? ''}`);
  if (!isRead) return end('HARMLESS');
  try {
    await extract(path, LIMITS);
    return end('HARMLESS');
  } catch (error) {
    if (!(error instanceof ExtractionError)) throw error;
    return end('HARMLESS', error.code);
  }
}
