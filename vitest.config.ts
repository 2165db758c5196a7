import { defineConfig } from 'vitest/config';

export default defineConfig({
  // As Node itself resolves, so that a package is never there twice (graphql has one form for each).
  resolve: { conditions: ['module-sync', 'node'] },
  ssr: { resolve: { conditions: ['module-sync', 'node'], externalConditions: ['module-sync', 'node'] } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Where system calls cost four times as much, a walk through both pages takes 55 s; this only ends what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // What is waited for comes at once, or later on a busy machine: a second told nothing of the program.
    expect: { poll: { timeout: 15_000 } },
    pool: 'forks',
    maxWorkers: 2,
    typecheck: { enabled: false },
  },
});
