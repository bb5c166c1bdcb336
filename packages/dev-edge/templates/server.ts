import { env } from 'node:process'
import { buildApp } from './app.ts'
import { readProofs } from './countersign.ts'

const app = await buildApp(readProofs(env), { logger: true })
await app.listen({ host: env['HOST'] ?? '127.0.0.1', port: Number(env['PORT'] ?? 3000) })
