/** Runs the sections that were asked for, one after the other. */
import { OptionError, readOptions, USAGE } from './options.ts';
import { sections } from './sections.ts';

export async function main(args: readonly string[]): Promise<void> {
  try {
    const options = readOptions(
      args,
      sections.map(({ name }) => name),
    );
    if (options === 'HELP') {
      process.stdout.write(USAGE);
      return;
    }
    for (const section of sections) {
      if (options.sections.length > 0 && !options.sections.includes(section.name)) continue;
      console.log(`\n== ${section.name}: ${section.question}`);
      await section.run(options);
    }
  } catch (error) {
    if (error instanceof OptionError) process.stderr.write(`${error.message}\n\n${USAGE}`);
    else console.error(error);
    process.exitCode = 1;
  }
}
