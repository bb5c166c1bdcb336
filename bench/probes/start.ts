import { execFileSync } from 'node:child_process'
import { env } from 'node:process'
import { createFastCa, createFastTeam } from '../lib/fast-identities.ts'
import { median } from '../lib/stats.ts'

/** `pnpm build && node bench/probes/start.ts [runs]`: measures the time that the plugin adds to the start of an origin. */
const runs = Number(process.argv[2] ?? 15)

const dist = (name: string) => JSON.stringify(new URL(`../../packages/${name}/dist/index.js`, import.meta.url).href)
/** In the workspace `@countersign/wire` resolves to its source. Published packages import each other's `dist`. */
const PREPARE = `
const { registerHooks } = await import('node:module')
const wire = { url: ${dist('wire')}, shortCircuit: true }
registerHooks({ resolve: (name, context, next) => (name === '@countersign/wire' ? wire : next(name, context)) })
const options = JSON.parse(process.env.OPTIONS)`
const BARE = `
const { default: Fastify } = await import('fastify')
const app = Fastify()
await app.ready()`
const WITH_PLUGIN = `
const { default: Fastify } = await import('fastify')
const { default: countersign } = await import(${dist('origin-plugin')})
const app = Fastify()
await app.register(countersign, options)
await app.ready()`

const OPTIONS = JSON.stringify({
  edge: { keys: { kty: 'oct', kid: 'bench', k: 'eJ2xxOhYQm4s7kZ3v1pT0wqKcUuB8fRn5LdAgVyWiDM' }, hosts: null },
  access: createFastTeam().access,
  trustedIssuers: [createFastCa().ca],
})

/** Measures import, register and ready, without the start of Node itself. */
function milliseconds(start: string): number {
  const script = `${PREPARE}\nconst begin = performance.now()\n${start}\nconsole.log(performance.now() - begin); process.exit()`
  const options = { encoding: 'utf8', cwd: import.meta.dirname, env: { ...env, OPTIONS } } as const
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], options))
}

const differences: number[] = []
const bare: number[] = []
for (let run = 0; run < runs; run += 1) {
  bare.push(milliseconds(BARE))
  differences.push(milliseconds(WITH_PLUGIN) - (bare.at(-1) as number))
}
console.log(
  `bare Fastify: ${median(bare).toFixed(0)} ms; the plugin adds ${median(differences).toFixed(0)} ms (medians of ${runs} runs)`,
)
