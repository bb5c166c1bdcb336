import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'

/** The same origin with the plugin, which verifies token, signature and certificate. */
export async function buildProvenTokenOrigin(proofs: CountersignPluginOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, proofs)

  app.get('/me', (request) => ({
    subject: String(clientCertOf(request).subject),
    email: request.access?.kind === 'user' ? request.access.email : undefined,
  }))
  return app
}
