/**
 * Caps: every limit that reading an EPUB obeys, in one place, each with its unit in its name.
 *
 * Where the numbers come from: seventeen real books were measured (the largest has 2,020 entries, 36 MB of text in
 * 11 MB of zip, a best entry ratio of 38:1), and each cap lies well above what was seen there and well below what
 * hurts a worker with 1 GiB of memory.
 * Not here: how long a workflow stage may take; the stage declares that.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export type ArchiveCaps = {
  /** Size of the .epub on disk. */
  fileSizeBytesMax: number;
  /** Entries in the zip's directory, folders included. */
  entryCountMax: number;
  /** Uncompressed size of one entry. */
  entrySizeBytesMax: number;
  /** Uncompressed size of all entries together. */
  totalSizeBytesMax: number;
  /** Uncompressed bytes per compressed byte, of one entry and of the whole archive. */
  compressionRatioMax: number;
  /** Entries that unpack to less than this are too small to be a bomb: their ratio is not judged. */
  ratioJudgedFromBytes: number;
  /** Length of one entry's name in UTF-8. */
  nameLengthBytesMax: number;
};

export const ARCHIVE_CAPS: ArchiveCaps = {
  // 18 times the largest real book seen; shops that take files by hand stop between 20 MB and 650 MB.
  fileSizeBytesMax: 200 * MIB,
  // Five times the largest real book seen (2,020), and what is read through in five seconds.
  entryCountMax: 10_000,
  // A film in a book may be large; a chapter of this size opens on no reading device.
  entrySizeBytesMax: 256 * MIB,
  // What a worker can inflate and checksum in about five seconds.
  totalSizeBytesMax: 768 * MIB,
  // The best real entry reached 38:1; deflate itself ends at 1,032:1, and bombs sit near that end.
  compressionRatioMax: 200,
  // A blank image or a padded stylesheet of up to 1 MiB may pack very well and harms nobody.
  ratioJudgedFromBytes: MIB,
  // EPUB allows 255 bytes for one file name and 65,535 for a path; nobody needs the second.
  nameLengthBytesMax: 1_024,
};

export const XML_CAPS = {
  /** One XML document. The largest real chapter seen has 2 MB; 10 MB of the densest markup fill 1 GiB of memory. */
  documentSizeBytesMax: 12 * MIB,
  /** Elements inside one another. libxml2, which most reading systems use, stops at 256 too. */
  nestingDepthMax: 256,
  /** The part of a DOCTYPE in square brackets. Real books use some hundred bytes. */
  internalSubsetLengthMax: 64 * KIB,
  /** Entities declared in one document. */
  entityDeclarationCountMax: 256,
  /** Characters one declared entity may stand for once every reference in it is followed. */
  entityExpansionLengthMax: 16 * KIB,
} as const;

export const PACKAGE_CAPS = {
  /** Items in the manifest: as many as the archive may have entries. */
  manifestItemCountMax: 10_000,
  /** References in the spine. */
  spineItemCountMax: 10_000,
  /** META-INF files: container.xml, encryption.xml. Real ones have 1 kB. */
  containerSizeBytesMax: MIB,
} as const;

export const REPORT_CAPS = {
  /** Faults listed in a report; the count of all is told beside. */
  findingCountMax: 500,
  /** Characters of one fault's message. */
  messageLengthMax: 500,
} as const;

export const EXTRACT_CAPS = {
  tocDepthMax: 8,
  tocEntryCountMax: 5_000,
  /** Chapters that are listed for reading in a browser. The largest real book seen has 2,020 files in all. */
  chapterCountMax: 3_000,
  /** Characters of a title, a name, a subject, an entry of the table of contents. */
  labelLengthMax: 1_000,
  /** Characters of the description, the rights, the accessibility summary. */
  longTextLengthMax: 20_000,
  contributorCountMax: 200,
  subjectCountMax: 200,
  identifierCountMax: 50,
  accessibilityValueCountMax: 100,
  /** UTF-8 bytes of text in the sample. A tenth of a long novel is about 100 kB. */
  sampleSizeBytesMax: 256 * KIB,
  /** The sample's part of the book's words. */
  samplePercent: 10,
  /** UTF-8 bytes of plain text kept for suggestions: about 30,000 words. */
  plainTextSizeBytesMax: 200 * KIB,
  /** A file taken as cover. The largest real one seen has 2 MB. */
  coverSizeBytesMax: 32 * MIB,
  /** Pixels a cover may decode to: 50 megapixels are 200 MB of memory. */
  coverPixelCountMax: 50_000_000,
  coverWidthsPx: [160, 320, 640],
  coverJpegQuality: 82,
} as const;

/** One chapter made into a page for a browser. */
export const CHAPTER_CAPS = {
  timeoutMs: 20_000,
  memoryMbMax: 512,
  /** UTF-8 bytes of its markup without pictures. The largest real chapter seen has 2 MB. */
  markupSizeBytesMax: 3 * MIB,
  /** One picture's file. */
  pictureFileSizeBytesMax: 16 * MIB,
  /** Pixels a picture may decode to. */
  picturePixelCountMax: 50_000_000,
  /** Different pictures: each is decoded and encoded anew, about 50 ms. */
  pictureCountMax: 60,
  pictureWidthPxMax: 1_200,
  pictureHeightPxMax: 2_400,
  pictureQuality: 80,
  /** Characters of all `data:` URIs together, each counted as often as it is shown. */
  picturesLengthMax: 8 * MIB,
} as const;

export const CHILD_CAPS = {
  /** Time a book may take if the caller names no other. The slowest real book takes 6 s on two idle cores. */
  timeoutMs: 120_000,
  /** Memory of the child in all: heap, WebAssembly, images. The hungriest real book takes 430 MB. */
  memoryMbMax: 1_024,
} as const;
