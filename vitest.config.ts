import { defineConfig } from 'vitest/config'

const unit = (name: string) => ({
  test: { name, include: [`packages/${name}/src/**/*.test.ts`], testTimeout: 20_000, hookTimeout: 30_000 },
})
const across = (name: string, testTimeout = 20_000) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout, hookTimeout: 30_000 },
})

export default defineConfig({
  test: {
    // By default one core is left free. On two cores that doubles the time.
    maxWorkers: '100%',
    projects: [
      unit('wire'),
      unit('worker'),
      unit('origin-plugin'),
      unit('dev-edge'),
      {
        test: {
          name: 'examples',
          include: ['examples/**/*.test.ts'],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      across('shape'),
      across('e2e'),
      across('threats'),
      across('interop'),
      across('setups'),
      across('releases'),
      across('suites'),
      across('fuzz', 1_800_000),
      // Needs redis-server: not part of `test`, which runs on a machine that has nothing but Node and openssl.
      across('redis'),
      // Needs Chromium: neither.
      across('browser'),
      // Needs a build, and some minutes.
      across('types'),
    ],
  },
})
