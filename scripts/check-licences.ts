/**
 * `npm run licences`: every package of the lock files has a licence that we may use; ends with 1 and names those that do not.
 *
 * The list holds what asks for no more than naming it, and, for packages that are used as they come, licences that ask for
 * changes of the package itself to be shared. A package whose licence the lock cannot name is listed with what its own
 * files say.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isAllowed } from './licences.ts';

const FOLDERS = ['', 'bench/'];
/** Read by a person: the package's name → what its licence file says. */
const READ: Readonly<Record<string, string>> = { 'dejavu-fonts-ttf': 'Bitstream-Vera AND Unlicense' };

const lockSchema = z.object({
  packages: z.record(z.string(), z.looseObject({ license: z.string().optional(), link: z.boolean().optional() })),
});

const refused: string[] = [];
let count = 0;
for (const folder of FOLDERS) {
  const { packages } = lockSchema.parse(JSON.parse(readFileSync(`${folder}package-lock.json`, 'utf8')));
  for (const [path, { license, link }] of Object.entries(packages)) {
    if (path === '' || link === true) continue;
    count += 1;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const told = READ[name] ?? license ?? '';
    if (!isAllowed(told)) refused.push(`${folder}${name}: ${told === '' ? 'names no licence' : told}`);
  }
}
for (const line of new Set(refused)) process.stderr.write(`${line}\n`);
process.stdout.write(`${count} packages looked at, ${refused.length} without a licence that we may use\n`);
process.exitCode = refused.length > 0 ? 1 : 0;
