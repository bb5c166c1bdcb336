import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'
import { subjectIn } from './header-origin.ts'

/** The same origin with the plugin. The route `/me` still reads the old header, which is proven now. */
export async function buildProvenHeaderOrigin(proofs: CountersignPluginOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, { ...proofs, policies: { ops: { subject: { OU: 'Ops' } } } })

  app.get('/me', (request) => ({ subject: subjectIn(request) }))
  app.get('/ops', { config: { clientCert: 'ops' } }, (request) => ({
    operator: String(clientCertOf(request).subject),
  }))
  return app
}
