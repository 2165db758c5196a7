/**
 * What every answer says to a browser, and what our pages may do in one.
 *
 * Promise: nothing that we send is run, framed, sniffed or read by a foreign page, unless a route says otherwise; no
 * policy allows inline scripts or styles. A page of ours replaces the content-security-policy by its own; the books do
 * with `INERT`.
 */

const YEAR_SECONDS = 365 * 24 * 3_600;

/** Powers that no page of ours needs: taken from all of them, and from whatever they might embed. */
const POWERS = [
  'accelerometer',
  'camera',
  'display-capture',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'usb',
];

/** For bytes that came from somebody else: were they shown after all, they are in a place of their own and run nothing. */
export const INERT = "sandbox; default-src 'none'; frame-ancestors 'none'";

/** The shop and the workbench: built files of ours, covers, and previews of files that the reader picked. */
export const PAGE_POLICY = policy({
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data: blob:",
  'font-src': "'self'",
  'connect-src': "'self'",
  'manifest-src': "'self'",
  'worker-src': "'self'",
  // Chapters of books, which are in a sandbox (reading.ts).
  'frame-src': "'self'",
  'form-action': "'self'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
});

/** @param directives by name, in the order in which they are written */
export function policy(directives: Readonly<Record<string, string>>): string {
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}

/** @param publicUrl the address that users see: only where it is https may browsers be told to insist on that */
export function securityHeaders(publicUrl: string): Map<string, string> {
  const isHttps = new URL(publicUrl).protocol === 'https:';
  return new Map([
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['permissions-policy', POWERS.map((power) => `${power}=()`).join(', ')],
    ['content-security-policy', "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"],
    ...(isHttps ? [['strict-transport-security', `max-age=${YEAR_SECONDS}`] as const] : []),
  ]);
}
