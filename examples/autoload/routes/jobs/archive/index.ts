import type { FastifyInstance } from 'fastify'

/** A folder in a folder. The option `cascadeHooks` in app.ts passes it the autohooks of the folder around it. */
export default async function archive(app: FastifyInstance): Promise<void> {
  app.get('/', () => [])
}
