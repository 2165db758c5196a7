/**
 * Builder's documents: the XML files of an EPUB, as text. Whatever comes from outside is escaped here.
 */
import type { BuildChapter, BuildContributor, BuildSpec } from './build.ts';

export type ContainerFile = { name: string; content: string | Buffer };

type Book = BuildSpec & { identifier: string; modifiedAt: Date; hasCover: boolean };

const XML = '<?xml version="1.0" encoding="UTF-8"?>\n';

export function chapterName(index: number): string {
  return `chapter-${String(index + 1).padStart(3, '0')}.xhtml`;
}

export function containerXml(): string {
  return `${XML}<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
  <rootfiles>
    <rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/>
  </rootfiles>
</container>
`;
}

export function opfDocument(book: Book): string {
  const progression =
    book.pageProgression === 'RTL' || book.pageProgression === 'LTR'
      ? ` page-progression-direction="${book.pageProgression.toLowerCase()}"`
      : '';
  const toc = book.hasNcx === true ? ' toc="ncx"' : '';
  return `${XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="${escapeXml(book.language)}">
  <metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
${lines([...identityLines(book), ...contributorLines(book), ...descriptionLines(book), ...accessibilityLines(book)], 4)}
  </metadata>
  <manifest>
${lines(manifestLines(book), 4)}
  </manifest>
  <spine${toc}${progression}>
${lines(
  book.chapters.map((_, index) => `<itemref idref="c${index + 1}"/>`),
  4,
)}
  </spine>
</package>
`;
}

export function navDocument({ chapters, language, title }: Book): string {
  const items = chapters.map(
    (chapter, index) => `<li><a href="${chapterName(index)}">${escapeXml(chapter.title)}</a></li>`,
  );
  return page(
    title,
    language,
    `    <nav epub:type="toc" id="toc" role="doc-toc">
      <h1>${escapeXml(title)}</h1>
      <ol>
${lines(items, 8)}
      </ol>
    </nav>`,
  );
}

export function ncxDocument({ chapters, identifier, title }: Book): string {
  const points = chapters.map(
    (chapter, index) =>
      `<navPoint id="p${index + 1}" playOrder="${index + 1}"><navLabel><text>${escapeXml(chapter.title)}</text></navLabel><content src="${chapterName(index)}"/></navPoint>`,
  );
  return `${XML}<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">
  <head><meta name="dtb:uid" content="${escapeXml(identifier)}"/></head>
  <docTitle><text>${escapeXml(title)}</text></docTitle>
  <navMap>
${lines(points, 4)}
  </navMap>
</ncx>
`;
}

export function chapterDocument({ title, paragraphs, bodyXhtml }: BuildChapter, language: string): string {
  const body = paragraphs.map((paragraph) => `<p>${escapeXml(paragraph)}</p>`);
  const extra = bodyXhtml === undefined ? '' : `\n${bodyXhtml}`;
  return page(
    title,
    language,
    `    <section>
      <h1>${escapeXml(title)}</h1>
${lines(body, 6)}${extra}
    </section>`,
  );
}

function page(title: string, language: string, body: string): string {
  const tag = escapeXml(language);
  return `${XML}<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="${tag}" xml:lang="${tag}">
  <head>
    <title>${escapeXml(title)}</title>
  </head>
  <body>
${body}
  </body>
</html>
`;
}

function identityLines({ identifier, isbn, title, subtitle, language, modifiedAt, publishedOn }: Book): string[] {
  const modified = modifiedAt.toISOString().replace(/\.\d{3}Z$/u, 'Z');
  return [
    `<dc:identifier id="id">${escapeXml(identifier)}</dc:identifier>`,
    ...optional(isbn, (value) => `<dc:identifier>urn:isbn:${value}</dc:identifier>`),
    `<dc:title id="title">${escapeXml(title)}</dc:title>`,
    '<meta refines="#title" property="title-type">main</meta>',
    ...(subtitle === undefined
      ? []
      : [
          `<dc:title id="subtitle">${escapeXml(subtitle)}</dc:title>`,
          '<meta refines="#subtitle" property="title-type">subtitle</meta>',
        ]),
    `<dc:language>${escapeXml(language)}</dc:language>`,
    ...optional(publishedOn, (value) => `<dc:date>${value}</dc:date>`),
    `<meta property="dcterms:modified">${modified}</meta>`,
  ];
}

function contributorLines({ contributors = [] }: Book): string[] {
  return contributors.flatMap(({ name, role = 'aut', sortName }: BuildContributor, index) => [
    `<dc:creator id="creator-${index + 1}">${escapeXml(name)}</dc:creator>`,
    `<meta refines="#creator-${index + 1}" property="role" scheme="marc:relators">${escapeXml(role)}</meta>`,
    ...optional(sortName, (value) => `<meta refines="#creator-${index + 1}" property="file-as">${value}</meta>`),
  ]);
}

function descriptionLines({ publisher, description, subjects = [], rights, layout }: Book): string[] {
  return [
    ...optional(publisher, (value) => `<dc:publisher>${value}</dc:publisher>`),
    ...optional(description, (value) => `<dc:description>${value}</dc:description>`),
    ...subjects.map((subject) => `<dc:subject>${escapeXml(subject)}</dc:subject>`),
    ...optional(rights, (value) => `<dc:rights>${value}</dc:rights>`),
    ...(layout === 'PRE_PAGINATED' ? ['<meta property="rendition:layout">pre-paginated</meta>'] : []),
  ];
}

function accessibilityLines({ accessibilitySummary, hasCover }: Book): string[] {
  return [
    '<meta property="schema:accessMode">textual</meta>',
    ...(hasCover ? ['<meta property="schema:accessMode">visual</meta>'] : []),
    '<meta property="schema:accessModeSufficient">textual</meta>',
    '<meta property="schema:accessibilityFeature">tableOfContents</meta>',
    '<meta property="schema:accessibilityFeature">readingOrder</meta>',
    '<meta property="schema:accessibilityHazard">none</meta>',
    ...optional(accessibilitySummary, (value) => `<meta property="schema:accessibilitySummary">${value}</meta>`),
  ];
}

function manifestLines({ chapters, hasCover, hasNcx }: Book): string[] {
  return [
    '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>',
    ...chapters.map((_, index) => {
      const href = chapterName(index);
      return `<item id="c${index + 1}" href="${href}" media-type="application/xhtml+xml"/>`;
    }),
    ...(hasNcx === true ? ['<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'] : []),
    ...(hasCover ? ['<item id="cover" href="cover.jpg" media-type="image/jpeg" properties="cover-image"/>'] : []),
  ];
}

function optional(value: string | undefined, write: (escaped: string) => string): string[] {
  return value === undefined ? [] : [write(escapeXml(value))];
}

function lines(items: readonly string[], indent: number): string {
  return items.map((item) => `${' '.repeat(indent)}${item}`).join('\n');
}

/** Control characters, most of which XML 1.0 cannot hold at all, are left out. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[[\p{Cc}\ufffe\uffff]--[\t\n\r]]/gv, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
