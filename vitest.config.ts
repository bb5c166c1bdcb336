import { defineConfig } from 'vitest/config'

const limits = { testTimeout: 20_000, hookTimeout: 30_000 }
// The files of a project share a process and its modules: starting them anew for each file took half of the time.
// So a test of state in a module resets the modules. `--isolate` gives each file a process of its own again.
const shared = { ...limits, isolate: false }
const unit = (name: string, options: object = shared) => ({
  test: { name, include: [`packages/${name}/src/**/*.test.ts`], ...options },
})
const across = (name: string, options: object = shared) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], ...options },
})

export default defineConfig({
  test: {
    // By default one core is left free. On two cores that doubles the time.
    maxWorkers: '100%',
    projects: [
      unit('wire'),
      unit('worker'),
      unit('origin-plugin'),
      // Its tests count the processes and the memory of their own process.
      unit('dev-edge', limits),
      {
        test: { ...shared, name: 'examples', include: ['examples/**/*.test.ts'] },
      },
      across('shape'),
      { test: { ...shared, name: 'site', include: ['site/*.test.ts'] } },
      across('e2e', limits),
      across('threats'),
      across('interop'),
      across('setups'),
      across('releases'),
      across('suites'),
      across('fuzz', { ...shared, testTimeout: 1_800_000 }),
      // Needs redis-server: not part of `test`, which runs on a machine that has nothing but Node and openssl.
      across('redis', limits),
      // Needs Chromium: neither.
      across('browser', limits),
      // Needs a build, and some minutes.
      across('types', limits),
    ],
  },
})
