/**
 * Links to bytes: where an upload is put, a download and a cover are fetched.
 *
 * An upload and a download link carry a signature and expire; the right is looked up again when one is used
 * (../server/files.ts). Whoever has a link may use it until then, so it is short-lived and never logged.
 */
import { signUrl } from '../ports/storage/signed-url.ts';
import type { SchemaServices } from './context.ts';

/** An announced file may be put and completed for so long. */
export const UPLOAD_LINK_MS = 15 * 60_000;
const DOWNLOAD_LINK_MS = 5 * 60_000;
const PREVIEW_LINK_MS = 30 * 60_000;

type Signer = Pick<SchemaServices, 'signing' | 'publicUrl' | 'clock'>;

/** Where the bytes of an announced file are put, with `PUT`, until `expiresAt`. */
export function uploadLink({ signing, publicUrl }: Signer, file: { id: string; expiresAt: Date }): string {
  const path = `/uploads/${file.id}`;
  return publicUrl + signUrl(signing.secrets, { method: 'PUT', path, expiresAt: file.expiresAt });
}

/** Where a reader fetches a book, for five minutes. */
export function downloadLink(
  { signing, publicUrl, clock }: Signer,
  right: { entitlementId: string; readerId: string },
): { url: string; expiresAt: Date } {
  const expiresAt = new Date(clock.now().getTime() + DOWNLOAD_LINK_MS);
  const path = `/downloads/${right.entitlementId}`;
  const claims = { readerId: right.readerId };
  return { url: publicUrl + signUrl(signing.secrets, { method: 'GET', path, expiresAt, claims }), expiresAt };
}

/** Where a reader reads a book in the browser, for half an hour; `&chapter=N` follows. */
export function readingLink(
  { signing, publicUrl, clock }: Signer,
  { entitlementId, readerId }: { entitlementId: string; readerId: string },
): { link: string; expiresAt: Date } {
  const expiresAt = new Date(clock.now().getTime() + PREVIEW_LINK_MS);
  const path = `/reading/${entitlementId}`;
  return {
    link: publicUrl + signUrl(signing.secrets, { method: 'GET', path, expiresAt, claims: { readerId } }),
    expiresAt,
  };
}

/** Where the sample of a book on sale is read; the same for up to an hour, so that answers may be kept. */
export function sampleLink(
  { signing, publicUrl, clock }: Signer,
  revisionId: string,
): { link: string; expiresAt: Date } {
  const expiresAt = new Date((Math.floor(clock.now().getTime() / PREVIEW_LINK_MS) + 2) * PREVIEW_LINK_MS);
  return {
    link: publicUrl + signUrl(signing.secrets, { method: 'GET', path: `/samples/${revisionId}`, expiresAt }),
    expiresAt,
  };
}

/** Where the PDF of a receipt is fetched, for five minutes. */
export function receiptLink(
  { signing, publicUrl, clock }: Signer,
  { orderId, buyerId }: { orderId: string; buyerId: string },
): string {
  const expiresAt = new Date(clock.now().getTime() + DOWNLOAD_LINK_MS);
  const path = `/receipts/${orderId}`;
  return publicUrl + signUrl(signing.secrets, { method: 'GET', path, expiresAt, claims: { buyerId } });
}

/**
 * Where a cover is.
 * @param storageKey of the form `covers/REVISION/WIDTH.jpg`
 */
export const coverLink = ({ publicUrl }: Pick<SchemaServices, 'publicUrl'>, storageKey: string): string =>
  `${publicUrl}/${storageKey}`;

/** A cover before its edition is on sale, for whoever may see it; the same link for up to an hour, so that it is cached. */
export function previewCoverLink({ signing, publicUrl, clock }: Signer, storageKey: string): string {
  const expiresAt = new Date((Math.floor(clock.now().getTime() / PREVIEW_LINK_MS) + 2) * PREVIEW_LINK_MS);
  return publicUrl + signUrl(signing.secrets, { method: 'GET', path: `/${storageKey}`, expiresAt });
}

/** Where a statement is fetched as CSV, for five minutes, by whoever has the link. */
export function statementLink(
  { signing, publicUrl, clock }: Signer,
  { authorId, month, currency }: { authorId: string; month: string; currency: string },
): { url: string } {
  const expiresAt = new Date(clock.now().getTime() + DOWNLOAD_LINK_MS);
  const path = `/statements/${authorId}`;
  const claims = { month, currency };
  return { url: publicUrl + signUrl(signing.secrets, { method: 'GET', path, expiresAt, claims }) };
}
