import { env } from 'node:process'
import { buildApp, readProofs } from './app.ts'

// The origin in production, behind Cloudflare and the Worker.
const app = await buildApp(readProofs(env), { logger: true })
await app.listen({ host: env.HOST ?? '127.0.0.1', port: Number(env.PORT ?? 3000) })
