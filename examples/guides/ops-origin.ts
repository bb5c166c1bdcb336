import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'

/** The same origin behind Cloudflare, with the plugin in place of client-certificate-auth. */
export async function buildOpsOrigin(proofs: CountersignPluginOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, proofs)

  app.get('/ops', { config: { clientCert: { subject: { OU: 'Ops' } } } }, (request) => ({
    operator: clientCertOf(request).subject.CN,
  }))
  return app
}
