/**
 * What can be said of a book without any server: chosen from the text itself. The same text always gives the same answer.
 *
 * Summary: up to four of the text's own sentences, those that hold most of what is said often, unlike each other, in the
 * text's order. Tags: the nouns (English) or content words (languages with a stop-word list) that most sentences share.
 * Reading level: Flesch reading ease, English only. Each is null or empty where it could not be told honestly.
 * It takes half a second and does nothing else meanwhile, so it runs in a child process (local-main.ts).
 */
import { GRADE_MAX } from './enricher.ts';
import type { Enrichment } from './enricher.ts';
import { clampTags } from './output.ts';
import { splitText } from './sentences.ts';
import type { Sentence } from './sentences.ts';

/** The beginning, as much as a tenth of a second each can read; it also keeps the ending out of the summary. */
const TEXT_CHARS_MAX = 120_000;
const SUMMARY_SENTENCES_MAX = 4;
const SUMMARY_CHARS_MAX = 700;
const TAGS_MAX = 8;
const WORDS_FOR_READING_LEVEL_MIN = 100;
const ALIKE_MAX = 0.3;

/** Nouns of every book, which say nothing about one. */
const COMMONPLACE = new Set(
  (
    'thing time day way man woman year people person one anything nothing something everything everyone anyone part ' +
    'place case kind sort lot bit moment hour week month side end hand eye head word chapter mr mrs miss sir madam'
  ).split(' '),
);

/** @param language BCP 47 tag of the text */
export async function describeText(text: string, language: string): Promise<Omit<Enrichment, 'provenance'>> {
  const split = await splitText(text.slice(0, TEXT_CHARS_MAX), language);
  return {
    summary: chooseSummary(split.sentences),
    tags: chooseTags(split.sentences),
    readingLevel: split.readability === null ? null : readingLevelOf(split.readability),
  };
}

/** How many sentences each term is in. */
function countSentences(
  sentences: readonly Sentence[],
  pick: (sentence: Sentence) => readonly string[],
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const sentence of sentences) {
    for (const term of new Set(pick(sentence))) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  return counts;
}

function chooseSummary(sentences: readonly Sentence[]): string | null {
  const counts = countSentences(sentences, ({ terms }) => terms);
  const ranked = sentences
    .map((sentence, index) => {
      const terms = new Set(sentence.terms);
      const weight = [...terms].reduce((sum, term) => sum + Math.log(counts.get(term) ?? 1), 0);
      return { sentence, index, terms, score: terms.size === 0 ? 0 : weight / Math.sqrt(terms.size) };
    })
    .filter(({ sentence, score }) => score > 0 && readsAlone(sentence))
    .sort((a, b) => b.score - a.score || a.index - b.index);
  const chosen: typeof ranked = [];
  let length = 0;
  for (const candidate of ranked) {
    if (chosen.length === SUMMARY_SENTENCES_MAX) break;
    if (length + candidate.sentence.text.length > SUMMARY_CHARS_MAX) continue;
    if (chosen.some((one) => likeness(one.terms, candidate.terms) > ALIKE_MAX)) continue;
    chosen.push(candidate);
    length += candidate.sentence.text.length + 1;
  }
  if (chosen.length === 0) return null;
  return chosen
    .sort((a, b) => a.index - b.index)
    .map(({ sentence }) => sentence.text)
    .join(' ');
}

/** A whole sentence of prose: no heading, speech, address or list. */
function readsAlone({ text, wordCount }: Sentence): boolean {
  return (
    text.length >= 20 &&
    text.length <= 300 &&
    wordCount >= 6 &&
    /^[\p{Lu}\p{Lo}\p{N}¿¡]/u.test(text) &&
    /[.!?…。！？؟।]$/u.test(text) &&
    !/["“”„«»「」]|https?:|www\.|@|\p{Lu}{4,} \p{Lu}{4,}/u.test(text)
  );
}

function likeness(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const shared = a.intersection(b).size;
  return shared / (a.size + b.size - shared);
}

/** Each topic in the form that the text has it in most often. */
function chooseTags(sentences: readonly Sentence[]): string[] {
  const atLeast = sentences.length < 50 ? 2 : 3;
  const words = new Map<string, Map<string, number>>();
  for (const { term, word } of sentences.flatMap(({ topics }) => topics)) {
    const forms = words.get(term) ?? new Map<string, number>();
    words.set(term, forms.set(word, (forms.get(word) ?? 0) + 1));
  }
  const ranked = mostFirst(countSentences(sentences, ({ topics }) => topics.map(({ term }) => term)))
    .filter(([term, count]) => count >= atLeast && !COMMONPLACE.has(term))
    .map(([term]) => mostFirst(words.get(term) ?? new Map<string, number>())[0]?.[0] ?? term);
  return clampTags(ranked).slice(0, TAGS_MAX);
}

function mostFirst(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
}

/** Flesch's own table of reading ease to school years. */
function readingLevelOf({ fres, numOfWords }: { fres: number; numOfWords: number }): Enrichment['readingLevel'] {
  if (numOfWords < WORDS_FOR_READING_LEVEL_MIN) return null;
  if (fres >= 90) return { band: 'CHILDREN', grade: 5 };
  if (fres >= 80) return { band: 'CHILDREN', grade: 6 };
  if (fres >= 70) return { band: 'YOUNG_ADULT', grade: 7 };
  if (fres >= 60) return { band: 'GENERAL', grade: 9 };
  if (fres >= 50) return { band: 'GENERAL', grade: 11 };
  if (fres >= 30) return { band: 'ADVANCED', grade: 14 };
  return { band: 'ADVANCED', grade: GRADE_MAX };
}
