/** Which licences packages may have, by their SPDX names and expressions. */

const ALLOWED: ReadonlySet<string> = new Set(
  [
    'MIT MIT-0 ISC 0BSD BSD-2-Clause BSD-3-Clause Apache-2.0 BlueOak-1.0.0 Python-2.0 PostgreSQL Zlib',
    'CC0-1.0 CC-BY-4.0 Unlicense Bitstream-Vera',
    // Of packages that we use as they come and do not change.
    'MPL-2.0 LGPL-3.0-or-later',
  ].flatMap((line) => line.split(' ')),
);

/** @param expression such as `MIT`, `(MIT OR GPL-3.0)` or `Apache-2.0 AND MIT`; what is no expression is not allowed */
export function isAllowed(expression: string): boolean {
  const bare = expression.trim().replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(bare)) return false;
  return bare.split(/ OR /).some((choice) => choice.split(/ AND /).every((one) => ALLOWED.has(one.trim())));
}
