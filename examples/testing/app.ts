import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance } from 'fastify'

export type Proofs = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

export async function buildApp(proofs: Proofs): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, { ...proofs, policies: { payments: { subject: { O: 'Acme', CN: /^pay-\d+$/ } } } })

  app.get('/healthz', { config: { clientCert: false } }, () => ({ ok: true }))
  app.get('/me', (request) => ({ name: clientCertOf(request).subject.CN, access: request.access?.kind }))
  app.post('/pay', { config: { clientCert: 'payments' } }, (request) => ({
    paidBy: clientCertOf(request).subject.CN,
    order: request.body,
  }))
  return app
}
