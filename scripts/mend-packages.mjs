/**
 * Mends three packages after each `npm install`.
 *
 * The PostgreSQL driver: its newest version, 3.4.9, cannot lose a connection inside a transaction (porsager/postgres 1154, 1208;
 * seen in row 7 of the fault catalogue):
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
 * This driver, the one of Redis and the executor of GraphQL make a function for each question and assign it to a property
 * (`this.reject = (error) => …`). V8 takes what is assigned so for a method that will live long and makes it in the old part of
 * its heap, where it holds the question, its values and its answer until the whole heap is looked through. Each collection of
 * young objects then copies what is dead. Mended, the function is made apart from the assignment and is young like all else
 * (docs/scaling.md tells what that brings).
 *
 * Promise: does its work once however often it runs, also where an older release has done some of it; says so and fails
 * when a package is another one. The script of an older checkout does not know what this one has made: `npm ci` there.
 * Take a mend away when a release of its package passes test/db/driver.test.ts and test/packages.test.ts without it.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MARK = '// mended by Booky Hub\n';

const ONCLOSE_OF_OLDER_RELEASE =
  'new Promise((_, reject) => connection.onclose = e => {\n          lost = e\n          while (queries.length) queries.shift().reject(e)\n          reject(e)\n        })';

/** By file: [what the package says, or what an older release has made of it; what it says afterwards] */
const postgres = {
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
  'query.js': [
    [
      '    this.resolve = x => (this.active = false, resolve(x))\n    this.reject = x => (this.active = false, reject(x))\n',
      `    const young = { ${MARK}      resolve: x => (this.active = false, resolve(x)),\n      reject: x => (this.active = false, reject(x))\n    }\n    this.resolve = young.resolve\n    this.reject = young.reject\n`,
    ],
  ],
  'index.js': [
    ['? open.shift()', '? open.pop()'],
    ['go(open.shift(), query)', 'go(open.pop(), query)'],
    ['let savepoints = 0\n', `let lost = null ${MARK}    let savepoints = 0\n`],
    [
      ['new Promise((_, reject) => connection.onclose = reject)', ONCLOSE_OF_OLDER_RELEASE],
      'new Promise((_, reject) => {\n          const young = e => {\n            lost = e\n            while (queries.length) queries.shift().reject(e)\n            reject(e)\n          }\n          connection.onclose = young\n        })',
    ],
    [
      'q.catch(e => uncaughtError || (uncaughtError = e))\n',
      'q.catch(e => uncaughtError || (uncaughtError = e))\n        if (lost) return q.reject(lost)\n',
    ],
    [
      'sql.prepare = x => prepare = x.replace(/[^a-z0-9$-_. ]/gi)\n',
      'const young = x => prepare = x.replace(/[^a-z0-9$-_. ]/gi)\n      sql.prepare = young\n',
    ],
    [
      'c.reserved = () => queries.length\n        ? c.execute(queries.shift())\n        : move(c, reserved)\n',
      'const young = () => queries.length\n        ? c.execute(queries.shift())\n        : move(c, reserved)\n      c.reserved = young\n',
    ],
    [
      'acc[name] = (x) => new Parameter(x, type.to)\n',
      'const young = (x) => new Parameter(x, type.to)\n      acc[name] = young\n',
    ],
  ],
};

const ioredis = {
  'Command.js': [
    ['            this.reject = (err) => {\n', `            const young = (err) => { ${MARK}`],
    [
      '                    reject(err);\n                }\n            };\n',
      '                    reject(err);\n                }\n            };\n            this.reject = young;\n',
    ],
  ],
};

const executor = [
  ['                this.abortResultPromise = () => {\n', `                const young = () => { ${MARK}`],
  [
    'abortResultPromise(this.createAbortedExecutionError(promise));\n                };\n',
    'abortResultPromise(this.createAbortedExecutionError(promise));\n                };\n                this.abortResultPromise = young;\n',
  ],
];

mendAll('postgres/src/', postgres);
mendAll('postgres/cjs/src/', postgres);
mendAll('ioredis/built/', ioredis);
mendAll('graphql/execution/', { 'Executor.js': executor, 'Executor.mjs': executor });

function mendAll(folder, mends) {
  for (const [name, changes] of Object.entries(mends)) {
    mend(fileURLToPath(new URL(`../node_modules/${folder}${name}`, import.meta.url)), changes);
  }
}

function mend(path, changes) {
  const before = readFileSync(path, 'utf8');
  let text = before;
  for (const [found, mended] of changes) {
    if (text.includes(mended)) continue;
    const there = [found].flat().find((words) => text.split(words).length === 2);
    if (there === undefined) {
      process.stderr.write(`${path} is not the file that scripts/mend-packages.mjs knows; look at its header.\n`);
      process.exit(1);
    }
    text = text.replace(there, () => mended);
  }
  if (text === before) return;
  writeFileSync(`${path}.mended`, text);
  renameSync(`${path}.mended`, path);
}
