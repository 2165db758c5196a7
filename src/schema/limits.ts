/** What one operation, one request and one caller may cost. Every limit has a unit and a default. */
import type { UploadQuota } from '../db/files.ts';

/** For the cost of lists that are as long as what is declared in src/consumers: a test holds that none is longer. */
export const LENGTHS_MAX = { workflows: 40, stages: 60, streams: 60 };

export interface ApiLimits {
  /** Cost of one operation, in fields resolved; a page multiplies by its `first`. (Default: 5,000) */
  complexityMax: number;
  /** Levels of nesting. (Default: 12) */
  depthMax: number;
  /** Aliases in a document. (Default: 30) */
  aliasesMax: number;
  /** Directives in a document. (Default: 50) */
  directivesMax: number;
  /** How often a field may be asked for beside itself, under one name. (Default: 20) */
  repeatsMax: number;
  /** Lexical tokens in a document. (Default: 2,000) */
  tokensMax: number;
  /** Cost one caller may spend in a minute. (Default: 100,000) */
  costPerMinuteMax: number;
  /** How old an answer may be that is given again to other callers, in ms; 0 keeps none. (Default: 1,000) */
  sharedAnswersMs: number;
  /** Body of a GraphQL request. (Default: 1 MiB) */
  bodyBytesMax: number;
  /** One uploaded file. (Default: 256 MiB) */
  uploadBytesMax: number;
  /** What one account may upload. (Default: 200 files a day, 10 GiB in all) */
  uploadQuota: UploadQuota;
  /** Live subscriptions of one caller at once. (Default: 50) */
  subscriptionsMax: number;
  /** WebSockets of one network address at once. (Default: 200) */
  socketsMax: number;
  /** Messages of one WebSocket in ten seconds; beyond it is closed. (Default: 1,000) */
  socketMessagesMax: number;
  /** Part of a book's words that everybody may read, in percent; 0 shows no samples. (Default: 10) */
  samplePercent: number;
}

export const defaultLimits: ApiLimits = {
  complexityMax: 5_000,
  depthMax: 12,
  aliasesMax: 30,
  directivesMax: 50,
  repeatsMax: 20,
  tokensMax: 2_000,
  costPerMinuteMax: 100_000,
  sharedAnswersMs: 1_000,
  bodyBytesMax: 1024 * 1024,
  uploadBytesMax: 256 * 1024 * 1024,
  uploadQuota: { uploadsPerDayMax: 200, storedBytesMax: 10 * 1024 ** 3 },
  subscriptionsMax: 50,
  socketsMax: 200,
  socketMessagesMax: 1_000,
  samplePercent: 10,
};
