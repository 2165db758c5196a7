/** `npm run build:web`: builds the pages that `npm start` would build, for an image or a read-only folder. */
import { buildWorkbench } from '../src/web/build-workbench.ts';

process.stdout.write(`${await buildWorkbench((words) => process.stdout.write(`${words}\n`))}\n`);
