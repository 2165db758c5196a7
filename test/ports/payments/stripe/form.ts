/** Bodies and queries as Stripe's SDKs write them: `metadata[order]=1&expand[0]=charge` becomes an object with an array. */

type Tree = { [key: string]: Tree | string };

export function decodeForm(text: string): unknown {
  const root: Tree = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const path = name.split(/\[|\]\[|\]/).filter((part, index) => index === 0 || part !== '');
    let at = root;
    for (const part of path.slice(0, -1)) {
      const below = at[part];
      at = typeof below === 'object' ? below : (at[part] = {});
    }
    at[path.at(-1) ?? name] = value;
  }
  return withArrays(root);
}

/** An object whose keys are 0, 1, 2 … is an array. */
function withArrays(tree: Tree | string): unknown {
  if (typeof tree === 'string') return tree;
  const entries = Object.entries(tree).map(([key, value]) => [key, withArrays(value)] as const);
  if (entries.length > 0 && entries.every(([key], index) => key === String(index))) {
    return entries.map(([, value]) => value);
  }
  return Object.fromEntries(entries);
}
