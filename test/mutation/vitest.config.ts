import { defineConfig } from 'vitest/config'

/** The unit tests alone: what a mutant survives here, no larger test should have to catch. */
export default defineConfig({
  test: {
    include: ['packages/{wire,origin-plugin}/src/**/*.test.ts'],
    exclude: ['**/*.openssl.test.ts', '**/node_modules/**'],
  },
})
