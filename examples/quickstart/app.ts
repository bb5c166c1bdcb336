import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import type { FastifyInstance } from 'fastify'

/** The options that differ between a laptop and production: the keys, the Access application, the CA. */
export type OriginConfig = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/** Adds guarded routes to an application. */
export async function setUpOrigin(app: FastifyInstance, config: OriginConfig): Promise<void> {
  // Before the routes, and awaited: from here on every route is protected.
  await app.register(countersign, {
    ...config,
    policies: { ops: { subject: { O: 'Acme', OU: 'Ops' } } },
  })

  // Explicitly public.
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
}
