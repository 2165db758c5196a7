/**
 * `npm run bench`: installs what is measured against, when it is missing or out of date, and measures.
 *
 * The rivals live in a package of their own, so that none of them is a dependency of the product.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const benchFolder = fileURLToPath(new URL('..', import.meta.url));

function isInstalled(): boolean {
  const installed = statSync(join(benchFolder, 'node_modules/.package-lock.json'), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(join(benchFolder, 'package-lock.json')).mtimeMs;
}

function install(): boolean {
  process.stderr.write('Installing what is measured against (bench/node_modules, a few seconds) …\n');
  const installed = spawnSync('npm', ['install', '--no-save', '--no-audit', '--no-fund'], {
    cwd: benchFolder,
    stdio: 'inherit',
  });
  return installed.status === 0;
}

if (isInstalled() || install()) {
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2));
} else {
  process.stderr.write(
    'They could not be installed. Run `npm install` in the folder bench to see why, then try again.\n',
  );
  process.exitCode = 1;
}
