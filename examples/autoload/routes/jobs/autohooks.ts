import type { FastifyInstance } from 'fastify'

/** Sets the requirement of every route in this folder that has none of its own. */
export default async function requireOps(app: FastifyInstance): Promise<void> {
  app.addHook('onRoute', (route) => {
    route.config = { clientCert: 'ops', ...route.config }
  })
}
