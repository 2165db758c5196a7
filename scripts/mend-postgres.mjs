/**
 * Mends the PostgreSQL driver after each `npm install`. Its newest version, 3.4.9, cannot lose a connection inside a
 * transaction (porsager/postgres 1154, 1208; seen in row 7 of the fault catalogue):
 *
 * | When the connection is lost | The driver | Mended |
 * |---|---|---|
 * | it rolls back on the lost connection | throws where nobody can catch it: the program ends | refuses the statement |
 * | the transaction goes on | sends its next statements outside any transaction, on whatever replaced it | refuses them |
 * | the connection is replaced | waits there for answers to what was asked before, or gives them to others | starts anew |
 *
 * And it takes the connection of a pool that has rested longest: where a few would do, each of them finds its session of
 * PostgreSQL out of the processor's caches. Mended, it takes the one that was used last, as other pools do (pg-pool, r2d2,
 * Rails): a fifth less work for PostgreSQL at 50 purchases a second.
 *
 * Promise: does its work once however often it runs, also where an older release has done some of it; says so and fails
 * when the driver is another one.
 * Take this away when a release of the driver passes test/db/driver.test.ts without it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const driver = new URL('../node_modules/postgres/', import.meta.url);
const MARK = '// mended by Booky Hub\n';

/** By file: [what the driver says, what it says afterwards] */
const mends = {
  'connection.js': [
    [
      'function execute(q) {\n',
      `function execute(q) { ${MARK}    if (!socket)\n      return queryError(q, Errors.connection('CONNECTION_CLOSED', options)), true\n\n`,
    ],
    [
      'clearImmediate(nextWriteTimer)\n    socket.removeListener',
      'clearImmediate(nextWriteTimer)\n    chunk = nextWriteTimer = null\n    socket.removeListener',
    ],
    [
      "!hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))",
      ";(query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))\n    query = results = errorResponse = null\n    result = new Result()",
    ],
    ['return fetchArrayTypes()', 'return fetchArrayTypes().catch(() => { needsTypes = true })'],
    [
      'const x = socket.write(chunk, fn)',
      'if (!socket) {\n      chunk = nextWriteTimer = null\n      return false\n    }\n    const x = socket.write(chunk, fn)',
    ],
  ],
  'queue.js': [
    [
      '    push: (x) =>',
      `    pop: () => { ${MARK}      const out = xs.pop()\n      if (index === xs.length) {\n        index = 0\n        xs = []\n      }\n      return out\n    },\n    push: (x) =>`,
    ],
  ],
  'index.js': [
    ['? open.shift()', '? open.pop()'],
    ['go(open.shift(), query)', 'go(open.pop(), query)'],
    ['let savepoints = 0\n', `let lost = null ${MARK}    let savepoints = 0\n`],
    [
      'new Promise((_, reject) => connection.onclose = reject)',
      'new Promise((_, reject) => connection.onclose = e => {\n          lost = e\n          while (queries.length) queries.shift().reject(e)\n          reject(e)\n        })',
    ],
    [
      'q.catch(e => uncaughtError || (uncaughtError = e))\n',
      'q.catch(e => uncaughtError || (uncaughtError = e))\n        if (lost) return q.reject(lost)\n',
    ],
  ],
};

for (const form of ['src', 'cjs/src']) {
  for (const [name, changes] of Object.entries(mends)) mend(fileURLToPath(new URL(`${form}/${name}`, driver)), changes);
}

function mend(path, changes) {
  const before = readFileSync(path, 'utf8');
  let text = before;
  for (const [found, mended] of changes) {
    if (text.includes(mended)) continue;
    if (text.split(found).length !== 2) {
      process.stderr.write(`${path} is not the driver that scripts/mend-postgres.mjs knows; look at its header.\n`);
      process.exit(1);
    }
    text = text.replace(found, () => mended);
  }
  if (text === before) return;
  writeFileSync(`${path}.mended`, text);
  renameSync(`${path}.mended`, path);
}
