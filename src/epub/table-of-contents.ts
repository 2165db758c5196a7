/**
 * Table of contents: the tree a reader navigates by, from the navigation document (EPUB 3) or the NCX (EPUB 2).
 */
import { EXTRACT_CAPS } from './caps.ts';
import type { TocEntry } from './extracted-book.ts';
import { resolveHref } from './href.ts';
import { cleanText, clipText } from './plain-text.ts';
import { attributeByLocalName, childElements, descendants, firstChild, textOf } from './xml.ts';
import type { XmlElement } from './xml.ts';

export type TableOfContents = { entries: TocEntry[]; isCut: boolean };

type Budget = { entriesLeft: number; isCut: boolean; file: string };

/** @param file path of the document, to resolve its links */
export function readNav(root: XmlElement, file: string): TableOfContents {
  const navs = [...descendants(root, 'nav')];
  const nav =
    navs.find((element) => (attributeByLocalName(element, 'type') ?? '').split(/\s+/u).includes('toc')) ?? navs[0];
  const list = nav === undefined ? undefined : [...descendants(nav, 'ol')][0];
  const budget = newBudget(file);
  return { entries: list === undefined ? [] : readList(list, 1, budget), isCut: budget.isCut };
}

export function readNcx(root: XmlElement, file: string): TableOfContents {
  const map = [...descendants(root, 'navMap')][0];
  const budget = newBudget(file);
  return { entries: map === undefined ? [] : readPoints(map, 1, budget), isCut: budget.isCut };
}

function readList(list: XmlElement, depth: number, budget: Budget): TocEntry[] {
  const entries: TocEntry[] = [];
  for (const item of childElements(list, 'li')) {
    if (!spend(depth, budget)) break;
    const link = firstChild(item, 'a') ?? firstChild(item, 'span') ?? [...descendants(item, 'a')][0];
    const children = firstChild(item, 'ol');
    entries.push({
      title: link === undefined ? '' : titleOf(link),
      href: link === undefined ? null : targetOf(link.attributes.get('href'), budget),
      children: children === undefined ? [] : readList(children, depth + 1, budget),
    });
  }
  return entries;
}

function readPoints(parent: XmlElement, depth: number, budget: Budget): TocEntry[] {
  const entries: TocEntry[] = [];
  for (const point of childElements(parent, 'navPoint')) {
    if (!spend(depth, budget)) break;
    const label = firstChild(point, 'navLabel');
    entries.push({
      title: label === undefined ? '' : titleOf(label),
      href: targetOf(firstChild(point, 'content')?.attributes.get('src'), budget),
      children: readPoints(point, depth + 1, budget),
    });
  }
  return entries;
}

function newBudget(file: string): Budget {
  return { entriesLeft: EXTRACT_CAPS.tocEntryCountMax, isCut: false, file };
}

function spend(depth: number, budget: Budget): boolean {
  if (depth > EXTRACT_CAPS.tocDepthMax || budget.entriesLeft === 0) {
    budget.isCut = true;
    return false;
  }
  budget.entriesLeft -= 1;
  return true;
}

/** A link may hold only a picture; its alternative text is the title then. */
function titleOf(element: XmlElement): string {
  const text = cleanText(textOf(element));
  const shown = text !== '' ? text : ([...descendants(element, 'img')][0]?.attributes.get('alt') ?? '');
  return clipText(cleanText(shown), EXTRACT_CAPS.labelLengthMax);
}

function targetOf(href: string | undefined, budget: Budget): string | null {
  if (href === undefined) return null;
  const target = resolveHref(budget.file, href);
  if (target.kind !== 'LOCAL') return null;
  return target.fragment === null ? target.path : `${target.path}#${cleanText(target.fragment)}`;
}
