/** Whether a name is probably one of ours, misspelt: so that a variable with a slip in its name is told, not ignored. */

/** One slip in a short name, two in a long one. HOST and PORT are too short to tell a slip from another word. */
export function isNearly(name: string, ours: string): boolean {
  if (ours.length <= 5 || name.length <= 5) return false;
  return editDistance(name.toUpperCase(), ours) <= (ours.length >= 10 ? 2 : 1);
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of left.split('').entries()) {
    const next = [index + 1];
    for (const [column, other] of right.split('').entries()) {
      const change = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
