/**
 * Metadata: who wrote the book, what it is called, in which languages; of EPUB 3 (refining metas) and 2 (opf: attributes).
 */
import isbn from 'isbn3';
import { EXTRACT_CAPS } from './caps.ts';
import type { Accessibility, Contributor, ExtractedBook, Identifier } from './extracted-book.ts';
import type { PackageDocument } from './package-document.ts';
import { cleanText, clipText } from './plain-text.ts';
import { attributeByLocalName, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';

type Metadata = Pick<
  ExtractedBook,
  | 'title'
  | 'subtitle'
  | 'contributors'
  | 'languages'
  | 'identifiers'
  | 'isbn13'
  | 'publisher'
  | 'description'
  | 'subjects'
  | 'rights'
  | 'publishedOn'
  | 'layout'
  | 'accessibility'
>;

export function readMetadata(document: PackageDocument): Metadata {
  const source = new MetadataSource(document);
  const identifiers = readIdentifiers(source, document.uniqueIdentifierId);
  const titles = readTitles(source);
  return {
    ...titles,
    contributors: readContributors(source),
    languages: readLanguages(source),
    identifiers,
    isbn13: identifiers.find(({ scheme }) => scheme === 'ISBN')?.value ?? null,
    publisher: source.first('publisher'),
    description: readDescription(source),
    subjects: [...new Set(source.all('subject'))].slice(0, EXTRACT_CAPS.subjectCountMax),
    rights: source.first('rights', EXTRACT_CAPS.longTextLengthMax),
    publishedOn: readPublishedOn(source),
    layout: source.property('rendition:layout')[0] === 'pre-paginated' ? 'PRE_PAGINATED' : 'REFLOWABLE',
    accessibility: readAccessibility(source),
  };
}

/** The metadata elements, with what refines them found by id. */
class MetadataSource {
  readonly elements: XmlElement[];
  readonly #refinements = new Map<string, XmlElement[]>();

  constructor(document: PackageDocument) {
    this.elements = document.metadata;
    for (const element of document.metadata) {
      const refined = element.attributes.get('refines')?.replace(/^#/u, '');
      if (refined === undefined) continue;
      const list = this.#refinements.get(refined);
      if (list === undefined) this.#refinements.set(refined, [element]);
      else list.push(element);
    }
  }

  named(name: string): XmlElement[] {
    return this.elements.filter((element) => element.name === name);
  }

  all(name: string, lengthMax: number = EXTRACT_CAPS.labelLengthMax): string[] {
    return this.named(name)
      .map((element) => clipText(cleanText(textOf(element)), lengthMax))
      .filter((text) => text !== '');
  }

  first(name: string, lengthMax?: number): string | null {
    return this.all(name, lengthMax)[0] ?? null;
  }

  refinement(element: XmlElement, property: string): string | undefined {
    const refinements = this.#refinements.get(element.attributes.get('id') ?? '') ?? [];
    const found = refinements.find(({ attributes }) => attributes.get('property') === property);
    return found === undefined ? undefined : textOf(found);
  }

  /** Values of a property of the whole book: `<meta property>` of EPUB 3 and `<meta name content>` of EPUB 2. */
  property(name: string, lengthMax: number = EXTRACT_CAPS.labelLengthMax): string[] {
    const values: string[] = [];
    for (const element of this.elements) {
      const { attributes } = element;
      if (attributes.has('refines')) continue;
      if (attributes.get('property') === name) values.push(textOf(element));
      else if (attributes.get('name') === name) values.push(attributes.get('content') ?? '');
      else if (element.name === 'link' && (attributes.get('rel') ?? '').split(/\s+/u).includes(name)) {
        values.push(attributes.get('href') ?? '');
      }
    }
    const clean = values.map((value) => clipText(cleanText(value), lengthMax)).filter((value) => value !== '');
    return [...new Set(clean)].slice(0, EXTRACT_CAPS.accessibilityValueCountMax);
  }
}

function readTitles(source: MetadataSource): { title: string | null; subtitle: string | null } {
  const titles = source.named('title').filter((element) => cleanText(textOf(element)) !== '');
  const ofType = (type: string) => titles.find((element) => source.refinement(element, 'title-type') === type);
  const main = ofType('main') ?? titles.find((element) => ofType('subtitle') !== element) ?? titles[0];
  const subtitle = ofType('subtitle');
  const text = (element: XmlElement | undefined) =>
    element === undefined ? null : clipText(cleanText(textOf(element)), EXTRACT_CAPS.labelLengthMax);
  return { title: text(main), subtitle: subtitle === main ? null : text(subtitle) };
}

function readContributors(source: MetadataSource): Contributor[] {
  const contributors: Contributor[] = [];
  // Creators first, then whoever helped; inside each, the order the book asks for.
  const place = (element: XmlElement) => Number.parseInt(source.refinement(element, 'display-seq') ?? '', 10) || 1_000;
  const inOrder = (elements: XmlElement[]) => elements.toSorted((a, b) => place(a) - place(b));
  for (const element of [...inOrder(source.named('creator')), ...inOrder(source.named('contributor'))]) {
    const name = clipText(cleanText(textOf(element)), EXTRACT_CAPS.labelLengthMax);
    if (name === '') continue;
    const written = (source.refinement(element, 'role') ?? attributeByLocalName(element, 'role') ?? '')
      .trim()
      .toLowerCase();
    const fallback = element.name === 'creator' ? 'aut' : 'ctb';
    const role = /^[a-z]{3}$/u.test(written) ? written : fallback;
    const sortName = cleanText(source.refinement(element, 'file-as') ?? attributeByLocalName(element, 'file-as') ?? '');
    const isKnown = contributors.some((known) => known.name === name && known.role === role);
    if (!isKnown) {
      contributors.push({
        name,
        role,
        sortName: sortName === '' ? null : clipText(sortName, EXTRACT_CAPS.labelLengthMax),
      });
    }
  }
  return contributors.slice(0, EXTRACT_CAPS.contributorCountMax);
}

function readLanguages(source: MetadataSource): string[] {
  const languages = source.all('language').flatMap((tag) => {
    try {
      return Intl.getCanonicalLocales(tag.replaceAll('_', '-'));
    } catch {
      return [];
    }
  });
  return [...new Set(languages)].filter((tag) => tag.length <= 100).slice(0, 20);
}

function readIdentifiers(source: MetadataSource, uniqueId: string | null): Identifier[] {
  const identifiers: Identifier[] = [];
  for (const element of source.named('identifier')) {
    const value = clipText(cleanText(textOf(element)), EXTRACT_CAPS.labelLengthMax);
    if (value === '') continue;
    const hint = `${attributeByLocalName(element, 'scheme') ?? ''} ${source.refinement(element, 'identifier-type') ?? ''}`;
    identifiers.push({
      ...classify(value, hint),
      isUnique: uniqueId !== null && element.attributes.get('id') === uniqueId,
    });
  }
  // dc:source may hold the ISBN of the paper edition: not this book's.
  return identifiers.slice(0, EXTRACT_CAPS.identifierCountMax);
}

function classify(value: string, hint: string): Pick<Identifier, 'value' | 'scheme'> {
  const bare = value.replace(/^(?:urn:)?isbn:?\s*/iu, '');
  const isNamedIsbn = bare !== value || /isbn/iu.test(hint) || /^97[89][\d -]{10,14}$/u.test(value);
  const isbn13 = isNamedIsbn ? isbn.parse(bare)?.isbn13 : undefined;
  if (isbn13 !== undefined) return { value: isbn13, scheme: 'ISBN' };
  if (/^(?:urn:uuid:)?[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/iu.test(value))
    return { value, scheme: 'UUID' };
  if (/^(?:doi:|https?:\/\/(?:dx\.)?doi\.org\/)?10\.\d{4,9}\//iu.test(value)) return { value, scheme: 'DOI' };
  return { value, scheme: /^[a-z][a-z\d+.-]*:/iu.test(value) ? 'URI' : 'OTHER' };
}

/** Shops' tools put escaped HTML into the description; its words are wanted. */
function readDescription(source: MetadataSource): string | null {
  const text = source.first('description', EXTRACT_CAPS.longTextLengthMax);
  return text === null ? null : cleanText(text.replaceAll(/<\/?[a-z][^<>]{0,200}>/giu, ' ').replaceAll(/ {2,}/gu, ' '));
}

function readPublishedOn(source: MetadataSource): string | null {
  const dates = source.named('date');
  const published = dates.find((element) => attributeByLocalName(element, 'event') === 'publication') ?? dates[0];
  const text = published === undefined ? '' : cleanText(textOf(published));
  return text === '' ? null : clipText(text, 100);
}

function readAccessibility(source: MetadataSource): Accessibility {
  return {
    accessModes: source.property('schema:accessMode'),
    accessModesSufficient: source.property('schema:accessModeSufficient'),
    features: source.property('schema:accessibilityFeature'),
    hazards: source.property('schema:accessibilityHazard'),
    summary: source.property('schema:accessibilitySummary', EXTRACT_CAPS.longTextLengthMax)[0] ?? null,
    conformsTo: source.property('dcterms:conformsTo'),
    certifiedBy: source.property('a11y:certifiedBy')[0] ?? null,
  };
}
