/**
 * Reading in a browser: one chapter of a book as a page.
 *
 *     /samples/REVISION?…&chapter=N    the beginning of a book on sale, by a link that anybody is given
 *     /reading/RIGHT?…&chapter=N       any chapter, by the link of its reader, as long as the right is active
 *
 * Promise: the page is ours, written anew from what the book says (src/epub/chapter-page.ts), and were that not enough,
 * its policy lets it run nothing, load nothing, send nothing, in an origin of its own; only our pages and those of
 * allowed origins may frame it. Who reads is looked up for each chapter, and to open the first one counts as a download:
 * who has read the book cannot give it back. What a caller may spend in a minute is spent here too.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { sampleOf } from '../books/sample.ts';
import { activeDownload, markDownloaded } from '../db/library.ts';
import { bookOnSale, chaptersOf } from '../db/reading.ts';
import { CHAPTER_LINK, CHAPTER_STYLE } from '../epub/index.ts';
import type { SchemaServices } from '../schema/context.ts';
import type { Budget } from './budget.ts';
import type { ChapterAsked, ChapterShelf } from './chapter-shelf.ts';
import { idIn, retell, verified } from './files.ts';
import { policy } from './headers.ts';
import { allowMethods, type Exchange, HttpError, type Route } from './http.ts';

/** Of what a caller may spend in a minute, in fields resolved. */
const COST = { page: 20, making: 1_000 };
const CHAPTERS_MAX = 10_000;
const NO_RIGHT = 'There is no right to this book any more. Look into your library.';
const NOT_ON_SALE = 'This book is not on sale any more.';

export interface ReadingOptions {
  services: Pick<SchemaServices, 'db' | 'signing' | 'clock' | 'limits'>;
  shelf: ChapterShelf;
  budget: Budget;
  /** Whose pages may frame a chapter beside our own, such as `https://shop.example.org`. */
  origins: readonly string[];
}

/** What is asked for, how many chapters may be linked to, and for whom. */
interface Found {
  asked: ChapterAsked;
  chapterCount: number;
  caller: string;
  cache: string;
  /** Called when the page is ready, before a byte of it is sent. @throws HttpError when the right has ended meanwhile */
  begin?: () => Promise<void>;
}

export function serveSamples(options: ReadingOptions): Route {
  const { db, signing, clock, limits } = options.services;
  return servePage(options, async (exchange) => {
    verified(exchange, signing, clock);
    const book = await bookOnSale(db, idIn(exchange));
    if (!book) throw new HttpError(403, 'FORBIDDEN', NOT_ON_SALE);
    const chapters = sampleOf(book.chapters, limits.samplePercent);
    const index = indexIn(exchange, chapters.length);
    const asked = { file: book.file, index, wordsMax: chapters[index]?.wordsMax ?? null };
    return { asked, chapterCount: chapters.length, caller: exchange.address, cache: 'private, max-age=300' };
  });
}

export function serveReading(options: ReadingOptions): Route {
  const { db, signing, clock } = options.services;
  return servePage(options, async (exchange) => {
    const { readerId } = verified(exchange, signing, clock);
    const entitlementId = idIn(exchange);
    const book = await activeDownload(db, entitlementId);
    if (!book || book.readerId !== readerId) throw new HttpError(403, 'FORBIDDEN', NO_RIGHT);
    const { length: chapterCount } = await chaptersOf(db, entitlementId);
    const index = indexIn(exchange, chapterCount);
    const begin = async () => {
      if (!(await markDownloaded(db, book, clock.now()))) throw new HttpError(403, 'FORBIDDEN', NO_RIGHT);
    };
    const asked = { file: book, index, wordsMax: null };
    return { asked, chapterCount, caller: readerId, cache: 'private, no-store', begin };
  });
}

function servePage({ shelf, budget, origins }: ReadingOptions, find: (exchange: Exchange) => Promise<Found>): Route {
  const headers = headersOf(origins);
  return async (exchange) => {
    allowMethods(exchange, 'GET', 'HEAD');
    const { request, response, url } = exchange;
    response.setHeaders(headers);
    try {
      const { asked, chapterCount, caller, cache, begin } = await find(exchange);
      const spend = async (cost: number) => refuseBeyond(await budget.spend(caller, cost));
      await spend(COST.page);
      const isAsked = request.method === 'GET';
      const made = isAsked ? await shelf.page(asked, () => spend(COST.making)).catch(retell) : '';
      if (isAsked) await begin?.();
      response.setHeader('cache-control', cache);
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(fillLinks(made, url, chapterCount));
    } catch (error) {
      const wantsHtml = request.headers.accept?.includes('text/html') === true;
      if (!(error instanceof HttpError) || !wantsHtml) throw error;
      response.setHeader('cache-control', 'no-store');
      response.writeHead(error.status, { 'content-type': 'text/html; charset=utf-8' }).end(refusalPage(error));
    }
  };
}

function headersOf(origins: readonly string[]): Map<string, string> {
  const styleHash = createHash('sha256').update(CHAPTER_STYLE).digest('base64');
  const csp = policy({
    'default-src': "'none'",
    'img-src': 'data:',
    'style-src': `'sha256-${styleHash}'`,
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': ["'self'", ...origins].join(' '),
  });
  return new Map([
    ['content-security-policy', `sandbox; ${csp}`],
    // For browsers that do not know frame-ancestors.
    ['x-frame-options', 'SAMEORIGIN'],
    ['x-robots-tag', 'noindex'],
  ]);
}

/** @throws HttpError 404 */
function indexIn({ url }: Exchange, chapterCount: number): number {
  const index = z.coerce
    .number()
    .int()
    .min(0)
    .max(CHAPTERS_MAX)
    .safeParse(url.searchParams.get('chapter') ?? '0');
  if (index.success && index.data < chapterCount) return index.data;
  throw new HttpError(404, 'NOT_FOUND', 'There is no such chapter here.');
}

/** @throws HttpError 429 */
function refuseBeyond(waitMs: number): void {
  if (waitMs === 0) return;
  const seconds = Math.ceil(waitMs / 1_000);
  throw new HttpError(429, 'RATE_LIMITED', `You read faster than we can turn the pages. Wait ${seconds} s.`);
}

/** A link to another chapter gets the signature of this one; one to what may not be read leads nowhere. */
function fillLinks(html: string, url: URL, chapterCount: number): string {
  const signed = new URLSearchParams();
  for (const name of ['expires', 'claims', 'signature']) signed.set(name, url.searchParams.get(name) ?? '');
  const query = signed.toString().replaceAll('&', '&amp;');
  return html.replaceAll(CHAPTER_LINK, (_link, index: string, fragment: string | undefined) =>
    Number(index) < chapterCount ? ` href="?${query}&amp;chapter=${index}${fragment ?? ''}"` : '',
  );
}

/** The message is ours and has no markup. */
const refusalPage = ({ message }: HttpError): string =>
  `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Not to be read now</title><style>${CHAPTER_STYLE}</style></head>\n<body><p>${message}</p></body></html>\n`;
