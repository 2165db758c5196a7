/** Asks the running program everything as everybody. */
import type { GraphQLSchema } from 'graphql';
import { askMutation, askQueries, askSubscription, type Way } from './ask.ts';
import { INPUTS, ON_ONESELF } from './inputs.ts';
import { askLink, linksOf } from './links.ts';
import { type Caller, CALLERS, type Column, COLUMNS, type Person } from './people.ts';
import { type Probe, probesOf } from './reach.ts';
import type { Matrix } from './table.ts';
import type { World } from './world.ts';

type Row = Record<Column, string>;
type AskAs = (way: Way, person: Person | null) => Promise<Map<string, string>>;

export interface Measured {
  matrix: Matrix;
  /** Fields × callers. */
  asked: number;
  /** What cannot be right, whatever the table says. */
  suspicions: readonly string[];
  /** Rows that nobody was given: the world has no such thing, or nobody may. */
  ungiven: number;
}

export async function measure(schema: GraphQLSchema, world: World, url: string, secret: string): Promise<Measured> {
  const probes = probesOf(schema, world);
  const rows = new Map<string, Row>();
  let asked = 0;
  const ask = async (askAs: AskAs, anew = false) => {
    const seen = await askAll(askAs, world, url, anew);
    for (const [name, row] of seen) rows.set(name, row);
    asked += seen.size * COLUMNS.length;
  };
  const queries = probes.filter(({ kind }) => kind === 'query');
  await ask((way) => askQueries(way, queries));
  for (const probe of probes.filter(({ kind }) => kind === 'subscription')) {
    await ask(async (way) => new Map([[probe.row, await askSubscription(way, probe)]]));
  }
  const mutations = Map.groupBy(
    probes.filter(({ kind }) => kind === 'mutation'),
    ({ root }) => root,
  );
  for (const [root, group] of mutations) await ask(mutationAs(schema, world, root, group), ON_ONESELF.has(root));
  const links = await linksOf(world, url, secret);
  await ask(async (way) => {
    const outcomes = new Map<string, string>();
    for (const link of links) outcomes.set(link.row, await askLink(way, link));
    return outcomes;
  });
  const ungiven = [...rows.values()].filter((row) => !Object.values(row).includes('ALLOWED')).length;
  return { matrix: rows, asked, suspicions: suspicionsOf(rows), ungiven };
}

function mutationAs(schema: GraphQLSchema, world: World, root: string, group: readonly Probe[]): AskAs {
  const make = INPUTS[root];
  if (make === undefined) {
    throw new TypeError(`Nobody knows what to send to Mutation.${root}. Say so in test/authorization/inputs.ts.`);
  }
  const fields = schema.getMutationType()?.getFields() ?? {};
  const arg = fields[root]?.args.find(({ name }) => name === 'input');
  const inputType = arg ? String(arg.type) : null;
  return async (way, person) =>
    askMutation(way, group, { input: make === null ? null : await make(world, person), inputType });
}

/** All columns of the rows that `askAs` gives. The keys are those of whoever may see it: the owner, or else the admin. */
async function askAll(askAs: AskAs, world: World, url: string, anew: boolean): Promise<Map<string, Row>> {
  const { people } = world;
  const personOf = (caller: Caller) => (anew ? people.anew(caller) : people.of(caller));
  const rows = new Map<string, Row>();
  const note = (outcomes: ReadonlyMap<string, string>, put: (row: Row, outcome: string) => void) => {
    for (const [name, outcome] of outcomes) {
      const row = rows.get(name) ?? emptyRow();
      put(row, outcome);
      rows.set(name, row);
    }
  };
  for (const caller of CALLERS) {
    const person = await personOf(caller);
    note(await askAs({ url, credential: person?.token ?? null }, person), (row, outcome) => (row[caller] = outcome));
  }
  const isAdmins = ({ owner, admin }: Row) => owner !== 'ALLOWED' && admin === 'ALLOWED';
  for (const holder of ['owner', 'admin'] as const) {
    const isHeld = (row: Row) => isAdmins(row) === (holder === 'admin');
    if (![...rows.values()].some(isHeld)) continue;
    const person = await personOf(holder);
    if (!person) continue;
    for (const key of person.narrowKeys) {
      note(await askAs({ url, credential: key }, person), (row, outcome) => {
        const before = row['key without the scope'];
        if (isHeld(row) && (before === '' || before === 'ALLOWED')) row['key without the scope'] = outcome;
      });
    }
    note(await askAs({ url, credential: person.allKey }, person), (row, outcome) => {
      if (isHeld(row)) row['key with all scopes'] = outcome;
    });
  }
  return rows;
}

const emptyRow = (): Row => ({
  anonymous: '',
  'other buyer': '',
  owner: '',
  'other author': '',
  admin: '',
  'key without the scope': '',
  'key with all scopes': '',
});

/** Rules above the table, so that no review can wave them through. */
function suspicionsOf(rows: ReadonlyMap<string, Row>): string[] {
  const told: string[] = [];
  for (const [name, row] of rows) {
    const gets = (column: Column) => row[column] === 'ALLOWED';
    const best = gets('owner') || gets('admin');
    if (gets('anonymous') && !gets('other buyer')) told.push(`${name}: nobody gets more than a buyer`);
    if (gets('anonymous') && !gets('owner')) told.push(`${name}: nobody gets more than the owner`);
    if ((gets('other buyer') || gets('other author')) && !best) told.push(`${name}: others get more than the owner`);
    if ((gets('key without the scope') || gets('key with all scopes')) && !best)
      told.push(`${name}: a key gets more than its owner`);
    if (gets('key without the scope') && !gets('key with all scopes')) told.push(`${name}: scopes take something away`);
  }
  return told;
}
