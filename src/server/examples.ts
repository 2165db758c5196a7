/**
 * The example operations, as they lie in examples/operations: GraphiQL's tabs, and a book's whole life when they are run
 * in order.
 *
 * A file is a document; a .json beside it holds its variables. One whose first line says `as the author` or `as the
 * reader` needs that one's token.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

export interface Example {
  /** Such as `03-create-draft`. */
  name: string;
  document: string;
  variables: Record<string, unknown> | null;
  needsToken: boolean;
}

export const examplesFolder = fileURLToPath(new URL('../../examples/operations', import.meta.url));

export const examples: readonly Example[] = readdirSync(examplesFolder)
  .filter((name) => name.endsWith('.graphql'))
  .sort()
  .map((name) => readExample(name.replace('.graphql', '')));

function readExample(name: string): Example {
  const document = readFileSync(`${examplesFolder}/${name}.graphql`, 'utf8');
  const variablesFile = `${examplesFolder}/${name}.json`;
  const variables = existsSync(variablesFile)
    ? z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(variablesFile, 'utf8')))
    : null;
  return { name, document, variables, needsToken: /^#.*as the (author|reader)/.test(document) };
}
