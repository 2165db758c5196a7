/**
 * Seals what has to be read again, so that a copy of the database alone does not give it away.
 *
 * Promise: AES-256-GCM with a key for each purpose, derived from the installation's secret; what is sealed opens only for
 * the purpose and the owner that it was sealed for. The secret before the present one still opens what it sealed.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What it is for, and whose it is. A purpose is written into what was sealed under it: it never changes. */
export interface SealedFor {
  purpose: 'two-factor secret' | 'begun sign-in';
  ownerId: string;
}

const keyOf = (secret: string, { purpose }: SealedFor) =>
  Buffer.from(hkdfSync('sha256', secret, '', `booky-hub ${purpose}`, 32));

export function seal(secret: string, sealedFor: SealedFor, plain: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(secret, sealedFor), nonce, { authTagLength: TAG_BYTES }).setAAD(
    Buffer.from(sealedFor.ownerId),
  );
  const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url');
}

/** @param secrets the present one first @throws SealBroken when none of them opens it */
export function unseal(secrets: readonly string[], sealedFor: SealedFor, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const body = bytes.subarray(NONCE_BYTES + TAG_BYTES);
  for (const secret of secrets) {
    try {
      const cipher = createDecipheriv(CIPHER, keyOf(secret, sealedFor), nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(sealedFor.ownerId)).setAuthTag(tag);
      return cipher.update(body, undefined, 'utf8') + cipher.final('utf8');
    } catch {
      // Sealed by another secret, or not by us.
    }
  }
  throw new SealBroken();
}

/** The installation's secret was changed without keeping the one before. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
  constructor() {
    super('A two-factor secret does not open: set APP_SECRET_PREVIOUS to the APP_SECRET that sealed it.');
  }
}
