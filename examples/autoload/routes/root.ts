import { clientCertOf } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'

/** Routes without a requirement of their own. */
export default async function root(app: FastifyInstance): Promise<void> {
  app.get('/me', (request) => ({ name: clientCertOf(request).subject.CN }))

  app.get('/healthz', { config: { clientCert: false } }, () => ({ ok: true }))
}
