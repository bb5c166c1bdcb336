import { env } from 'node:process'
import { buildApp, readProofs } from './build-app.ts'

const app = await buildApp(readProofs(env), { logger: true })
await app.listen(Number(env['PORT'] ?? 3000), env['HOST'] ?? '127.0.0.1')
