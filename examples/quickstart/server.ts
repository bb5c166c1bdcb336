import { readFileSync } from 'node:fs'
import { env } from 'node:process'
import Fastify from 'fastify'
import { setUpOrigin } from './app.ts'

// The origin in production. Every value comes from the environment, and a missing one stops the start and is named.
// docs/deploy.md has the steps to get each value.
const app = Fastify({ logger: true })
await setUpOrigin(app, {
  edge: { keys: JSON.parse(required('COUNTERSIGN_KEYS')) },
  access: { team: required('ACCESS_TEAM'), audience: required('ACCESS_AUDIENCE') },
  trustedIssuers: [readFileSync(required('CLIENT_CA'), 'utf8')],
})
await app.listen({ host: env.HOST ?? '127.0.0.1', port: Number(env.PORT ?? 3000) })

function required(name: string): string {
  const value = env[name]
  if (!value) throw new TypeError(`set ${name}: see docs/deploy.md`)
  return value
}
