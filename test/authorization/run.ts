/** The matrix of a real process of the program, with servers of its own. */
import { schema } from '../../src/schema/index.ts';
import type { FaultContext } from '../faults/harness/row.ts';
import { freePort } from '../faults/harness/servers.ts';
import { openStack } from '../faults/harness/stack.ts';
import { measure, type Measured } from './measure.ts';
import { openPeople } from './people.ts';
import { openWorld } from './world.ts';

const SECRET = 'a secret of the authorization matrix alone';

export async function measureStack(context: FaultContext): Promise<Measured> {
  const stack = await openStack(context, {
    purchases: 1,
    // Nobody goes to GitHub; it is listed as a way to sign in.
    env: {
      APP_SECRET: SECRET,
      COST_PER_MINUTE_MAX: '1000000000',
      GITHUB_CLIENT_ID: 'the-matrix',
      GITHUB_CLIENT_SECRET: 'a secret that GitHub never hears',
    },
  });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await stack.api('api', port, { PUBLIC_URL: url }).start();
  const people = await openPeople(stack.database.db, SECRET, url);
  const world = await openWorld(stack.database, stack.dataDir, people);
  context.say('asking everything as everybody');
  return measure(schema, world, url, SECRET);
}
