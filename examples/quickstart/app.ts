import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'

/** What differs between a laptop and production: the keys, the Access application, the CA. */
export type OriginConfig = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/** An origin as you would write it. */
export async function buildApp(config: OriginConfig, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(options)

  // Before the routes, and awaited: every route below is protected from here on.
  await app.register(countersign, {
    ...config,
    policies: { ops: { subject: { O: 'Acme', OU: 'Ops' } } },
  })

  // Public, said out loud.
  app.get('/healthz', { config: { clientCert: false } }, () => ({ ok: true }))

  // Any certificate that Cloudflare verified and the origin trusts.
  app.get('/me', (request) => {
    const { subject, issuer, serialNumber, fingerprint256, validTo } = clientCertOf(request)
    return { subject, issuer, serialNumber, fingerprint256, validTo, access: request.access?.kind }
  })

  // By subject.
  app.get('/pay', { config: { clientCert: { subject: { O: 'Acme', CN: ['alice', 'pay-1'] } } } }, (request) => {
    return { paidBy: clientCertOf(request).subject.CN }
  })

  // By issuer.
  app.get('/branch', { config: { clientCert: { issuer: { CN: 'Acme Branch CA' } } } }, (request) => {
    return { branch: clientCertOf(request).subject.CN }
  })

  // By a named policy.
  app.get('/ops', { config: { clientCert: 'ops' } }, (request) => {
    return { operator: clientCertOf(request).subject.CN }
  })

  return app
}
