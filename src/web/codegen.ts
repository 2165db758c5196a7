/** Types of the operations of shop, workbench and both, from schema.graphql: `npm run codegen`. */
import type { CodegenConfig } from '@graphql-codegen/cli';

const scalars = { DateTime: 'string', URL: 'string', SafeInt: 'number' };

const config: CodegenConfig = {
  schema: 'schema.graphql',
  importExtension: '.ts',
  emitLegacyCommonJSImports: false,
  generates: {
    'src/web/shared/gql/': {
      documents: ['src/web/shared/operations.ts'],
      preset: 'client',
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: { useTypeImports: true, strictScalars: true, scalars },
    },
    'src/web/workbench/gql/': {
      documents: ['src/web/workbench/operations.ts'],
      preset: 'client',
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: { useTypeImports: true, strictScalars: true, scalars },
    },
    'src/web/shop/gql/': {
      documents: ['src/web/shop/operations/*.ts'],
      preset: 'client',
      presetConfig: { fragmentMasking: false, skipIndexFile: true },
      config: { useTypeImports: true, strictScalars: true, scalars },
    },
  },
};

export default config;
