import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import { buildApp } from './app.ts'

// In production: every value comes from the environment, and a missing one stops the start with a sentence.
const app = await buildApp(
  {
    edge: { keys: JSON.parse(required('COUNTERSIGN_KEYS')) },
    access: { team: required('ACCESS_TEAM'), audience: required('ACCESS_AUDIENCE') },
    trustedIssuers: [readFileSync(required('CLIENT_CA'), 'utf8')],
  },
  { logger: true },
)
await app.listen({ host: env.HOST ?? '127.0.0.1', port: Number(env.PORT ?? 3000) })

function required(name: string): string {
  const value = env[name]
  if (!value) throw new TypeError(`set ${name}: see docs/deploy.md`)
  return value
}
