/**
 * Protection: is the book locked (DRM), or are only its fonts obfuscated, which every reading system undoes?
 *
 * A locked book is a fault its author can mend by exporting it without a lock; this platform adds its own licence.
 */
import type { FaultLog } from './fault.ts';

const FONT_OBFUSCATION = new Set(['http://www.idpf.org/2008/embedding', 'http://ns.adobe.com/pdf/enc#RC']);
const LICENCE_FILES = new Map([
  ['META-INF/license.lcpl', 'Readium LCP'],
  ['META-INF/rights.xml', 'Adobe DRM'],
  ['META-INF/sinf.xml', 'Apple FairPlay'],
]);

/** @param files what was kept of META-INF, by name */
export async function judgeProtection(files: ReadonlyMap<string, Buffer>, log: FaultLog): Promise<void> {
  for (const [file, product] of LICENCE_FILES) {
    if (!files.has(file)) continue;
    const message = `The book is locked by ${product}. Export it without a lock; buyers get their licence here.`;
    log.addBlocking('DRM', message, { file });
  }
  const file = 'META-INF/encryption.xml';
  const content = files.get(file);
  if (content === undefined) return;
  // Few books have this file, and the parser takes 20 MB of a worker.
  const { descendants, parseXml } = await import('./xml.ts');
  const parsed = parseXml(content, file);
  if (!parsed.ok) {
    if (parsed.isHostile) log.hostile.push(parsed.fault);
    else log.blocking.push(parsed.fault);
    return;
  }
  for (const method of descendants(parsed.root, 'EncryptionMethod')) {
    const algorithm = method.attributes.get('Algorithm') ?? 'an algorithm it does not name';
    // The key of a locked file is wrapped by a method too; one fault says it all.
    if (FONT_OBFUSCATION.has(algorithm)) continue;
    const message = `Files of the book are encrypted by ${algorithm}. Export the book without a lock.`;
    log.addBlocking('DRM', message, { file });
    return;
  }
}
