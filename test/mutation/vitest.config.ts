import { defineConfig } from 'vitest/config'

/** The unit tests without those that run OpenSSL: each mutant should fail a unit test, not only a larger test. */
export default defineConfig({
  test: {
    include: ['packages/{wire,origin-plugin}/src/**/*.test.ts'],
    exclude: ['**/*.openssl.test.ts', '**/node_modules/**'],
    // The code with its mutants runs several times slower.
    testTimeout: 60_000,
  },
})
