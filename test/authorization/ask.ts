/** Asks the running API for fields, as one caller, over HTTP as any client does. */
import { answerSchema, outcomeOf } from './outcome.ts';
import type { Probe } from './reach.ts';

/** Fewer than the aliases that a document may have. */
const SHARED_MAX = 20;
const FIRST_EVENT_MS_MAX = 10_000;

export interface Way {
  url: string;
  /** A session's token or a key; null for nobody. */
  credential: string | null;
}

const headersOf = ({ credential }: Way) => ({
  'content-type': 'application/json',
  ...(credential !== null && { authorization: `Bearer ${credential}` }),
});

async function post(way: Way, body: object) {
  const response = await fetch(`${way.url}/graphql`, {
    method: 'POST',
    headers: headersOf(way),
    body: JSON.stringify(body),
  });
  return answerSchema.parse(await response.json());
}

interface Tree {
  [part: string]: Tree | string;
}

/** The selection under the root that asks for all of the paths. */
function selectionOf(probes: readonly Probe[]): string {
  const tree: Tree = {};
  for (const { path, leaf } of probes) {
    let at = tree;
    for (const part of path.slice(0, -1)) {
      const next = at[part];
      const branch: Tree = typeof next === 'object' ? next : {};
      at[part] = branch;
      at = branch;
    }
    const last = path.at(-1);
    if (last !== undefined && typeof at[last] !== 'object') at[last] = leaf;
  }
  return word(tree);
}

const word = (tree: Tree): string =>
  Object.entries(tree)
    .map(([part, below]) => `${part} ${typeof below === 'string' ? below : `{ ${word(below)} }`}`)
    .join(' ');

const under = ({ on, path, leaf }: Probe, selection: string): string => {
  if (path.length === 0) return leaf;
  return on === null ? `{ ${selection} }` : `{ ... on ${on} { ${selection} } }`;
};

const namesOf = (root: string, { path }: Probe): string[] => [root, ...path.map((part) => part.replace(/\(.*/, ''))];

/** Several in one request where a refusal of one takes nothing from the others. @returns row → outcome */
export async function askQueries(way: Way, probes: readonly Probe[]): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>();
  const shared = probes.filter((probe) => probe.isShared);
  const alone = probes.filter((probe) => !probe.isShared);
  const groups = [...chunks(shared), ...alone.map((probe) => [probe])];
  for (const group of groups) {
    const fields = group.map((probe, at) => `a${at}: ${probe.root}${probe.args} ${under(probe, selectionOf([probe]))}`);
    const answer = await post(way, { query: `{ ${fields.join(' ')} }` });
    for (const [at, probe] of group.entries()) outcomes.set(probe.row, outcomeOf(answer, namesOf(`a${at}`, probe)));
  }
  return outcomes;
}

/** All that is asked of one mutation, which is done once. @param inputType null where it takes none */
export async function askMutation(
  way: Way,
  probes: readonly Probe[],
  { input, inputType }: { input: object | null; inputType: string | null },
): Promise<Map<string, string>> {
  const [first] = probes;
  if (!first) return new Map();
  const { root, on } = first;
  const inner =
    on === null
      ? ''
      : `{ __typename ... on Error { refusal: code message } ... on ValidationError { fields { path message } } ... on ${on} { ${selectionOf(probes)} } }`;
  const query =
    inputType === null
      ? `mutation { ${root} ${inner} }`
      : `mutation ($input: ${inputType}) { ${root}(input: $input) ${inner} }`;
  const answer = await post(way, { query, variables: { input } });
  return new Map(probes.map((probe) => [probe.row, outcomeOf(answer, namesOf(root, probe))]));
}

/** The first update. */
export async function askSubscription(way: Way, probe: Probe): Promise<string> {
  const leaving = new AbortController();
  const query = `subscription { ${probe.root}${probe.args} ${under(probe, selectionOf([probe]))} }`;
  const response = await fetch(`${way.url}/graphql`, {
    method: 'POST',
    signal: AbortSignal.any([leaving.signal, AbortSignal.timeout(FIRST_EVENT_MS_MAX)]),
    headers: { ...headersOf(way), accept: 'text/event-stream' },
    body: JSON.stringify({ query }),
  });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const data = /^data: ?(\{.+)\n/m.exec(text)?.[1];
    if (data === undefined) continue;
    leaving.abort();
    return outcomeOf(answerSchema.parse(JSON.parse(data)), namesOf(probe.root, probe));
  }
  throw new TypeError(`${probe.row}: the stream ended without an update: ${text}`);
}

const chunks = (probes: readonly Probe[]): Probe[][] =>
  Array.from({ length: Math.ceil(probes.length / SHARED_MAX) }, (_, at) =>
    probes.slice(at * SHARED_MAX, (at + 1) * SHARED_MAX),
  );
