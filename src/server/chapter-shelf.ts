/**
 * Chapter shelf: pages of chapters, made when they are first asked for and kept as long as there is room.
 *
 * Promise: however many ask, so many chapters are read at once in this process, each in a child with limits of its own,
 * and who asks for the same waits for the same; what could not be read is not tried again for a minute. Memory is
 * bounded by bytes, the longest unused goes first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { BookFile } from '../db/reading.ts';
import { CHILDREN_AT_ONCE, Places, PlacesFullError } from '../child-processes/index.ts';
import { ChapterError, readChapter } from '../epub/index.ts';
import type { BlobStorage } from '../ports/storage/blob-storage.ts';
import { withLocalFile } from '../ports/storage/local-file.ts';
import type { Log } from '../streams/log.ts';
import { HttpError } from './http.ts';

const KEPT_BYTES_MAX = 64 * 1024 * 1024;
const FAILURES_MAX = 1_000;
const FAILURE_KEPT_MS = 60_000;
const WAITING_MAX = 50;
/** To fetch the file and to wait for a place; the reading itself has a limit of its own. */
const WORK_MS_MAX = 60_000;
/** A string may take two bytes for each of its characters. */
const BYTES_PER_CHARACTER = 2;

export interface ChapterAsked {
  readonly file: BookFile;
  /** Place in the reading order, from 0. */
  readonly index: number;
  /** Where a sample ends; null for the whole chapter. */
  readonly wordsMax: number | null;
}

export interface ShelfOptions {
  readonly storage: Pick<BlobStorage, 'getToFile'>;
  readonly scratchDir: string;
  readonly clock: { now(): Date };
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** (Default: 64 MiB) */
  readonly keptBytesMax?: number;
}

export class ChapterShelf {
  readonly #options: ShelfOptions;
  readonly #places = new Places(CHILDREN_AT_ONCE, WAITING_MAX);
  readonly #kept = new Map<string, string>();
  readonly #making = new Map<string, Promise<string>>();
  readonly #failedUntilMs = new Map<string, number>();
  #keptBytes = 0;

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /**
   * @param pay called before a page is made, not when it is taken from the shelf
   * @returns a page as `readChapter` gives it
   * @throws HttpError 503 when too many wait, 422 when the chapter cannot be shown; whatever `pay` and the storage throw
   */
  async page(asked: ChapterAsked, pay: () => Promise<void>): Promise<string> {
    const key = `${asked.file.sha256}:${asked.index}:${asked.wordsMax ?? 'whole'}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const { clock } = this.#options;
    if ((this.#failedUntilMs.get(key) ?? 0) > clock.now().getTime()) throw unreadable();
    await pay();
    const making = this.#making.get(key) ?? this.#make(key, asked);
    this.#making.set(key, making);
    return making;
  }

  async #make(key: string, asked: ChapterAsked): Promise<string> {
    const { storage, scratchDir, log, stopping } = this.#options;
    const ended = new AbortController();
    const signal = AbortSignal.any([stopping, ended.signal]);
    void delay(WORK_MS_MAX, undefined, { ref: false, signal: ended.signal }).then(
      () => ended.abort(new Error('The chapter took too long.')),
      () => undefined,
    );
    const { file, index, wordsMax } = asked;
    try {
      const html = await this.#places.take(
        () =>
          withLocalFile({ storage, scratchDir }, file.storageKey, signal, (path) =>
            readChapter(path, { index, wordsMax, signal }),
          ),
        signal,
      );
      this.#keep(key, html);
      return html;
    } catch (error) {
      // As many wait as may, this one waited too long, or the process stops.
      if (error instanceof PlacesFullError || signal.aborted) {
        throw new HttpError(503, 'OVERLOADED', 'Many books are being opened just now. Try again in a few seconds.');
      }
      if (!(error instanceof ChapterError)) throw error;
      log.warn({ error: error.message, code: error.code }, 'a chapter could not be shown');
      this.#noteFailure(key);
      throw unreadable();
    } finally {
      ended.abort();
      this.#making.delete(key);
    }
  }

  #keep(key: string, html: string): void {
    const { keptBytesMax = KEPT_BYTES_MAX } = this.#options;
    this.#kept.set(key, html);
    this.#keptBytes += html.length * BYTES_PER_CHARACTER;
    for (const [oldest, page] of this.#kept) {
      if (this.#keptBytes <= keptBytesMax) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= page.length * BYTES_PER_CHARACTER;
    }
  }

  #noteFailure(key: string): void {
    this.#failedUntilMs.delete(key);
    this.#failedUntilMs.set(key, this.#options.clock.now().getTime() + FAILURE_KEPT_MS);
    const [oldest] = this.#failedUntilMs.keys();
    if (this.#failedUntilMs.size > FAILURES_MAX && oldest !== undefined) this.#failedUntilMs.delete(oldest);
  }
}

const unreadable = (): HttpError =>
  new HttpError(422, 'CHAPTER_UNREADABLE', 'This chapter cannot be shown in a browser. Download the book to read it.');
