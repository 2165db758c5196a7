/** `npm run build:web`: builds the pages that `npm start` would build, for an image or a read-only folder. */
import { buildPages } from '../src/web/build-pages.ts';

const { shopFolder, workbenchFolder } = await buildPages((words) => process.stdout.write(`${words}\n`));
process.stdout.write(`${shopFolder}\n${workbenchFolder}\n`);
