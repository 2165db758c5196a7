/**
 * Languages, as BCP 47 tags in canonical form: `en`, `pt-BR`, `zh-Hant`.
 *
 * Promise: a tag that passes is well formed and its language is one that has a name; `eng` becomes `en`.
 */
import { z } from 'zod';

const TAG_CHARS_MAX = 35;
/** Well formed but say nothing: undetermined, multiple, uncoded, no linguistic content. */
const NOT_A_LANGUAGE = new Set(['und', 'mis', 'mul', 'zxx']);
const names = new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });

/** @returns the canonical tag; null when it is none, or names no language */
export function toLanguageTag(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > TAG_CHARS_MAX) return null;
  try {
    const [tag] = Intl.getCanonicalLocales(trimmed);
    if (tag === undefined) return null;
    const { language } = new Intl.Locale(tag);
    return NOT_A_LANGUAGE.has(language) || names.of(language) === undefined ? null : tag;
  } catch {
    return null;
  }
}

/** The language's name in English: `Portuguese (Brazil)`; the tag itself when it has none. */
export const languageName = (tag: string): string => names.of(tag) ?? tag;

export const languageSchema = z.string().transform((text, context) => {
  const tag = toLanguageTag(text);
  if (tag !== null) return tag;
  context.addIssue({ code: 'custom', message: 'This is not a language tag of BCP 47, such as en, pt-BR or zh-Hant.' });
  return z.NEVER;
});
