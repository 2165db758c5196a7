/** What was read out of a book's file. Written by the publish workflow; shown, never edited. */
import { z } from 'zod';

export interface TocEntry {
  label: string;
  children: TocEntry[];
}

const tocEntrySchema: z.ZodType<TocEntry> = z.object({
  label: z.string(),
  get children() {
    return z.array(tocEntrySchema);
  },
});

export const tableOfContentsSchema = z.array(tocEntrySchema);

export const accessibilitySchema = z.object({
  accessModes: z.array(z.string()),
  features: z.array(z.string()),
  hazards: z.array(z.string()),
  summary: z.string().nullable(),
  conformsTo: z.array(z.string()),
});

export const sampleSchema = z.array(z.object({ title: z.string().nullable(), paragraphs: z.array(z.string()) }));

export const coversSchema = z.array(
  z.object({ width: z.int(), height: z.int(), storageKey: z.string(), mediaType: z.string() }),
);

/** The documents of the reading order. What was read before they were kept has none. */
export const chaptersSchema = z.array(z.object({ title: z.string().nullable(), wordCount: z.int() })).default([]);

export const extractedSchema = z.object({
  title: z.string().nullable(),
  contributors: z.array(z.object({ name: z.string(), role: z.string() })),
  languages: z.array(z.string()),
  tableOfContents: tableOfContentsSchema,
  wordCount: z.int(),
  layout: z.enum(['REFLOWABLE', 'PRE_PAGINATED']),
  /** Which way the pages turn. */
  direction: z.enum(['LTR', 'RTL', 'DEFAULT']),
  epubVersion: z.string(),
  accessibility: accessibilitySchema,
  /** The first tenth. */
  sample: sampleSchema,
  chapters: chaptersSchema,
  /** Smallest first. */
  covers: coversSchema,
  /** Of the file, hex. */
  sha256: z.string(),
});

export type Extracted = z.output<typeof extractedSchema>;
export type Accessibility = z.output<typeof accessibilitySchema>;
export type SampleSection = z.output<typeof sampleSchema>[number];
export type Chapter = z.output<typeof chaptersSchema>[number];
export type Cover = z.output<typeof coversSchema>[number];
