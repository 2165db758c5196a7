/** `npm run build`: builds what `npm start` would build, for an image or a read-only folder. */
import { buildPrograms } from '../src/child-processes/build-programs.ts';
import { buildPages } from '../src/web/build-pages.ts';

const tell = (words: string) => void process.stdout.write(`${words}\n`);
const { shopFolder, workbenchFolder } = await buildPages(tell);
const programsFolder = await buildPrograms(tell);
for (const folder of [shopFolder, workbenchFolder, programsFolder]) tell(folder);
