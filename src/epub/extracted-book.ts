/**
 * Extracted book: all that a shop shows of a book before it is bought. The schema is the truth, since the value crosses
 * a process boundary. Every text in it is plain (no markup) and free of control characters, every list is capped.
 */
import { z } from 'zod';
import { EXTRACT_CAPS } from './caps.ts';

const label = z.string().max(EXTRACT_CAPS.labelLengthMax);
const longText = z.string().max(EXTRACT_CAPS.longTextLengthMax);
const sha256 = z.string().regex(/^[\da-f]{64}$/u);
const count = z.number().int().nonnegative();

const contributorSchema = z.object({
  name: label,
  /** MARC relator code. What the book calls a creator without a role is `aut`; another contributor is `ctb`. */
  role: z.string().regex(/^[a-z]{3}$/u),
  /** "Austen, Jane" */
  sortName: label.nullable(),
});

const identifierSchema = z.object({
  value: label,
  scheme: z.enum(['ISBN', 'UUID', 'DOI', 'URI', 'OTHER']),
  /** The package's own unique identifier. */
  isUnique: z.boolean(),
});

const coverSchema = z.object({
  /** Path inside the book. */
  file: z.string(),
  foundBy: z.enum(['PROPERTY', 'META', 'GUIDE', 'FIRST_IMAGE']),
  widthPx: count,
  heightPx: count,
  /** JPEG, narrowest first, never wider than the original. */
  renditions: z
    .array(
      z.object({
        widthPx: count,
        heightPx: count,
        mediaType: z.literal('image/jpeg'),
        bytes: z.instanceof(Uint8Array),
      }),
    )
    .max(EXTRACT_CAPS.coverWidthsPx.length),
});

export type TocEntry = {
  title: string;
  /** Path inside the book with its fragment; null for a heading without a page. */
  href: string | null;
  children: TocEntry[];
};

const tocEntrySchema: z.ZodType<TocEntry> = z.lazy(() =>
  z.object({ title: label, href: z.string().nullable(), children: z.array(tocEntrySchema) }),
);

const accessibilitySchema = z.object({
  accessModes: z.array(label),
  accessModesSufficient: z.array(label),
  features: z.array(label),
  hazards: z.array(label),
  summary: longText.nullable(),
  conformsTo: z.array(label),
  certifiedBy: label.nullable(),
});

const factsSchema = z.object({
  hasMediaOverlays: z.boolean(),
  hasAudio: z.boolean(),
  hasVideo: z.boolean(),
  hasMathml: z.boolean(),
  hasSvg: z.boolean(),
  isScripted: z.boolean(),
  hasRemoteResources: z.boolean(),
  hasObfuscatedFonts: z.boolean(),
  chapterCount: count,
  imageCount: count,
  fontCount: count,
});

export const extractedBookSchema = z.object({
  title: label.nullable(),
  subtitle: label.nullable(),
  contributors: z.array(contributorSchema).max(EXTRACT_CAPS.contributorCountMax),
  /** BCP 47, canonical, the main one first; what is no language tag is left out. */
  languages: z.array(z.string().max(100)).max(20),
  identifiers: z.array(identifierSchema).max(EXTRACT_CAPS.identifierCountMax),
  /** The first valid ISBN as ISBN-13 without hyphens. */
  isbn13: z.string().length(13).nullable(),
  publisher: label.nullable(),
  description: longText.nullable(),
  subjects: z.array(label).max(EXTRACT_CAPS.subjectCountMax),
  rights: longText.nullable(),
  /** As the book writes it: "1813", "2012-01-18". */
  publishedOn: z.string().max(100).nullable(),
  epubVersion: z.string().max(20),
  layout: z.enum(['REFLOWABLE', 'PRE_PAGINATED']),
  pageProgression: z.enum(['LTR', 'RTL', 'DEFAULT']),
  cover: coverSchema.nullable(),
  toc: z.array(tocEntrySchema),
  /** Some entries were left out: too many or too deep. */
  isTocCut: z.boolean(),
  wordCount: count,
  /** The documents of the reading order, in that order: what `readChapter` counts by. */
  chapters: z.array(z.object({ title: label.nullable(), wordCount: count })).max(EXTRACT_CAPS.chapterCountMax),
  /** The first tenth of the words, as plain text. */
  sample: z.array(z.object({ title: label.nullable(), paragraphs: z.array(z.string()) })),
  /** The book's beginning as plain text, at most EXTRACT_CAPS.plainTextSizeBytesMax. */
  plainText: z.string(),
  accessibility: accessibilitySchema,
  facts: factsSchema,
  fileSha256: sha256,
  fileSizeBytes: count,
  /** SHA-256 of the letters and digits alone: the same book zipped anew has the same. */
  contentHash: sha256,
  /** What could not be read and was left out, in plain words. */
  notes: z.array(z.string().max(500)).max(50),
});

export type ExtractedBook = z.infer<typeof extractedBookSchema>;
export type Contributor = z.infer<typeof contributorSchema>;
export type Identifier = z.infer<typeof identifierSchema>;
export type Cover = z.infer<typeof coverSchema>;
export type Accessibility = z.infer<typeof accessibilitySchema>;
export type Facts = z.infer<typeof factsSchema>;
