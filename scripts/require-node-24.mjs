// Speaks before Node meets a `.ts` file: an older Node would answer with ERR_UNKNOWN_FILE_EXTENSION and nothing else.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `Booky Hub needs Node 24 or newer; this is Node ${process.versions.node}.\n` +
      'On Linux `npm install` brings Node 24 along (leave optional dependencies on) and the npm scripts use it.\n' +
      'On other systems install Node 24 from nodejs.org or your package manager, then run the same line again.\n',
  );
  process.exit(1);
}
