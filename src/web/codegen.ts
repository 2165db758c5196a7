/** Types of the shop's operations, from schema.graphql: `npm run codegen`. Only types; the shop itself stays plain JavaScript. */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: 'schema.graphql',
  documents: ['src/web/public/operations/*.js'],
  importExtension: '.ts',
  emitLegacyCommonJSImports: false,
  generates: {
    'src/web/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: {
        documentMode: 'string',
        useTypeImports: true,
        strictScalars: true,
        scalars: { DateTime: 'string', URL: 'string', SafeInt: 'number' },
      },
    },
  },
};

export default config;
