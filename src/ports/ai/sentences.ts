/**
 * Splits a text into sentences and the terms that carry their meaning.
 *
 * English by wink-nlp's small model, which ships in its package: lemmas, and nouns told from the rest. Other languages by
 * the runtime's own segmenter and the stop-word lists of `stopword`; where there is no list, `terms` hold every word and
 * `hasStopWords` is false.
 */
// oxlint-disable typescript/unbound-method -- wink-nlp's `its` are functions without `this`, made to be passed on
import type { ItemSentence, ReadabilityStats, WinkMethods } from 'wink-nlp';

export interface Sentence {
  /** Exactly as in the text, but for white space, which is single blanks. */
  readonly text: string;
  readonly wordCount: number;
  /** Lower case; in English lemmas of nouns, verbs and adjectives. */
  readonly terms: readonly string[];
  /** What can stand as a tag: the term, and the word as the text has it. */
  readonly topics: readonly Topic[];
}

interface Topic {
  readonly term: string;
  readonly word: string;
}

export interface Split {
  readonly sentences: readonly Sentence[];
  readonly hasStopWords: boolean;
  /** English only. */
  readonly readability: Pick<ReadabilityStats, 'fres' | 'numOfWords'> | null;
}

/** Enough for a steady score, and a tenth of a second at most. */
const READABILITY_CHARS_MAX = 40_000;

/** A blank line ends a paragraph; in a text without any, each line break does. */
function paragraphsOf(text: string): string[] {
  const parts = /\n[^\S\n]*\n/.test(text) ? text.split(/\n[^\S\n]*\n/) : text.split('\n');
  return parts.map((part) => part.replaceAll(/\s+/g, ' ').trim()).filter((part) => part !== '');
}

export async function splitText(text: string, language: string): Promise<Split> {
  const paragraphs = paragraphsOf(text);
  const primary = language.toLowerCase().split('-')[0] ?? '';
  const english = primary === 'en' ? await loadEnglish() : null;
  const other = english === null ? await otherLanguage(language, primary) : null;
  const sentences = paragraphs.flatMap((paragraph) =>
    english === null ? (other?.split(paragraph) ?? []) : englishSentences(english, paragraph),
  );
  return {
    sentences,
    hasStopWords: english !== null || other?.hasStopWords === true,
    readability: english === null ? null : englishReadability(english, sentences),
  };
}

/** 90 ms and 40 MB, so only when an English text comes. */
async function loadEnglish(): Promise<WinkMethods> {
  const [{ default: winkNLP }, { default: model }] = await Promise.all([
    import('wink-nlp'),
    import('wink-eng-lite-web-model'),
  ]);
  return winkNLP(model, ['sbd', 'pos']);
}

function englishSentences(nlp: WinkMethods, paragraph: string): Sentence[] {
  const { its } = nlp;
  const found: Sentence[] = [];
  nlp
    .readDoc(paragraph)
    .sentences()
    .each((sentence: ItemSentence) => {
      const tokens = sentence.tokens();
      const kinds = tokens.out(its.pos);
      const stops = tokens.out(its.stopWordFlag);
      // @ts-expect-error -- wink-nlp's types give `lemma` a parameter that its own ItsFunction does not know
      const lemmas: string[] = tokens.out(its.lemma);
      const words = tokens.out();
      const types = tokens.out(its.type);
      const terms: string[] = [];
      const topics: Topic[] = [];
      let wordCount = 0;
      for (const [index, lemma] of lemmas.entries()) {
        if (types[index] !== 'word') continue;
        wordCount += 1;
        if (stops[index] === true || !/^[a-z][a-z-]{2,}$/.test(lemma)) continue;
        const kind = kinds[index];
        if (kind === 'NOUN' || kind === 'PROPN' || kind === 'VERB' || kind === 'ADJ') terms.push(lemma);
        if (kind === 'NOUN') topics.push({ term: lemma, word: words[index]?.toLowerCase() ?? lemma });
      }
      found.push({ text: sentence.out(), wordCount, terms, topics });
    });
  return found;
}

function englishReadability(nlp: WinkMethods, sentences: readonly Sentence[]): Split['readability'] {
  const prose = sentences.filter(({ wordCount }) => wordCount >= 4).map(({ text }) => text);
  const stats: unknown = nlp.readDoc(prose.join(' ').slice(0, READABILITY_CHARS_MAX)).out(nlp.its.readabilityStats);
  if (typeof stats !== 'object' || stats === null || !('fres' in stats) || !('numOfWords' in stats)) return null;
  const { fres, numOfWords } = stats;
  return typeof fres === 'number' && typeof numOfWords === 'number' ? { fres, numOfWords } : null;
}

const STOP_WORD_LISTS = {
  ar: 'ara', cs: 'ces', da: 'dan', de: 'deu', el: 'ell', en: 'eng', es: 'spa', fa: 'fas', fi: 'fin', fr: 'fra',
  he: 'heb', hi: 'hin', hu: 'hun', it: 'ita', ja: 'jpn', nb: 'nob', nl: 'nld', no: 'nob', pl: 'pol', pt: 'por',
  ro: 'ron', ru: 'rus', sv: 'swe', tr: 'tur', uk: 'ukr', zh: 'zho',
} as const; // prettier-ignore

function isListed(primary: string): primary is keyof typeof STOP_WORD_LISTS {
  return Object.hasOwn(STOP_WORD_LISTS, primary);
}

async function otherLanguage(
  language: string,
  primary: string,
): Promise<{ readonly hasStopWords: boolean; split(paragraph: string): Sentence[] }> {
  const locale = isLocale(language) ? language : 'und';
  const stopWords = new Set(isListed(primary) ? (await import('stopword'))[STOP_WORD_LISTS[primary]] : []);
  const sentenceSegmenter = new Intl.Segmenter(locale, { granularity: 'sentence' });
  const wordSegmenter = new Intl.Segmenter(locale, { granularity: 'word' });
  const topicLengthMin = primary === 'zh' || primary === 'ja' ? 2 : 4;
  return {
    hasStopWords: stopWords.size > 0,
    split: (paragraph) =>
      [...sentenceSegmenter.segment(paragraph)].map(({ segment }) => {
        const words = [...wordSegmenter.segment(segment)].filter(({ isWordLike }) => isWordLike === true);
        const terms = words
          .map((word) => word.segment.toLocaleLowerCase(locale))
          .filter((word) => !stopWords.has(word) && /^[\p{L}\p{M}'-]+$/u.test(word));
        const topics = terms
          .filter((term) => stopWords.size > 0 && term.length >= topicLengthMin)
          .map((term) => ({ term, word: term }));
        return { text: segment.trim(), wordCount: words.length, terms, topics };
      }),
  };
}

function isLocale(language: string): boolean {
  try {
    return Intl.Segmenter.supportedLocalesOf(language).length > 0;
  } catch {
    return false;
  }
}
