import { defineConfig } from 'vitest/config'

/** The unit tests alone: a larger test should not have to catch a mutant that they miss. Without those that run OpenSSL. */
export default defineConfig({
  test: {
    include: ['packages/{wire,origin-plugin}/src/**/*.test.ts'],
    exclude: ['**/*.openssl.test.ts', '**/node_modules/**'],
    // The code runs several times slower with its mutants inside.
    testTimeout: 60_000,
  },
})
