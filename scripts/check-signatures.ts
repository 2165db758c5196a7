/**
 * `npm run signatures`: asks the registry whether what is installed is what its publishers signed.
 *
 * Ends with 1 only when a package's signature or attestation is wrong or missing. A machine that cannot reach the registry's
 * keys learns nothing: that is said in plain words, and is no failure.
 */
import { spawnSync } from 'node:child_process';
import { verdictOf } from './signatures.ts';

const TIMEOUT_MS = 120_000;

const asked = spawnSync('npm', ['audit', 'signatures', '--json', '--fetch-retries=0', '--fetch-timeout=20000'], {
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
});
const { hasFault, words } = verdictOf(asked.stdout, asked.stderr);
process[hasFault ? 'stderr' : 'stdout'].write(`${words}\n`);
process.exitCode = hasFault ? 1 : 0;
