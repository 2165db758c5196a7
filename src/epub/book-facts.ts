/**
 * Book facts: what a reader's device must be able to do to show all of the book.
 */
import type { Archive } from './archive.ts';
import { PACKAGE_CAPS } from './caps.ts';
import type { Facts } from './extracted-book.ts';
import type { PackageDocument } from './package-document.ts';
import { descendants, parseXml } from './xml.ts';
import type { XmlElement } from './xml.ts';

const ENCRYPTION = 'META-INF/encryption.xml';
const SCRIPT_TYPES = new Set(['', 'text/javascript', 'application/javascript', 'application/ecmascript', 'module']);
const FONT = /^(?:font\/|application\/(?:font-|vnd\.ms-opentype|x-font-|font\b))/u;

export class BookFacts {
  readonly #seen = new Set<string>();
  #isScripted = false;
  #chapterCount = 0;

  addPage(root: XmlElement): void {
    this.#chapterCount += 1;
    this.#see(root);
    for (const element of descendants(root)) this.#see(element);
  }

  async finish(archive: Archive, document: PackageDocument): Promise<Facts> {
    const { manifest } = document;
    const hasType = (prefix: string) => manifest.some(({ mediaType }) => mediaType.startsWith(prefix));
    const hasProperty = (property: string) => manifest.some(({ properties }) => properties.has(property));
    return {
      hasMediaOverlays: hasType('application/smil+xml'),
      hasAudio: hasType('audio/') || this.#seen.has('audio'),
      hasVideo: hasType('video/') || this.#seen.has('video'),
      hasMathml: this.#seen.has('math') || hasProperty('mathml'),
      hasSvg: hasType('image/svg+xml') || this.#seen.has('svg'),
      isScripted: this.#isScripted || hasProperty('scripted'),
      hasRemoteResources: hasProperty('remote-resources') || manifest.some(({ target }) => target.kind === 'REMOTE'),
      hasObfuscatedFonts: await hasEncryptionMethod(archive),
      chapterCount: this.#chapterCount,
      imageCount: manifest.filter(({ mediaType }) => mediaType.startsWith('image/')).length,
      fontCount: manifest.filter(({ mediaType }) => FONT.test(mediaType)).length,
    };
  }

  #see(element: XmlElement): void {
    this.#seen.add(element.name);
    if (element.name !== 'script') return;
    // Other types are data, which no reader runs.
    if (SCRIPT_TYPES.has((element.attributes.get('type') ?? '').trim().toLowerCase())) this.#isScripted = true;
  }
}

/** Preflight let nothing but font obfuscation through. */
async function hasEncryptionMethod(archive: Archive): Promise<boolean> {
  if (!archive.has(ENCRYPTION)) return false;
  const parsed = parseXml(await archive.read(ENCRYPTION, PACKAGE_CAPS.containerSizeBytesMax), ENCRYPTION);
  return parsed.ok && [...descendants(parsed.root, 'EncryptionMethod')].length > 0;
}
