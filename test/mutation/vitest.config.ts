import { defineConfig } from 'vitest/config'

/**
 * The unit tests alone: what survives them, no larger test should have to catch. Without those of files that are not mutated
 * and take seconds.
 */
export default defineConfig({
  test: {
    include: ['packages/{wire,origin-plugin}/src/**/*.test.ts'],
    exclude: [
      '**/*.openssl.test.ts',
      '**/{access-keys,revocation,parse-crl,parse-crl.entries}.test.ts',
      '**/node_modules/**',
    ],
  },
})
