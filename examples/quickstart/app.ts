import countersign, { type CountersignPluginOptions, clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { page } from './page/page.ts'

/** What differs between a laptop and production: the keys, the Access application, the CA. */
export interface OriginConfig extends Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'> {
  /** Whether the page tells a visitor why he was refused. Default `false`: in production only the log says it. */
  readonly explain?: boolean
}

/** An origin as you would write it. */
export async function buildApp(
  { explain = false, ...proofs }: OriginConfig,
  options: FastifyServerOptions = {},
): Promise<FastifyInstance> {
  const app = Fastify(options)

  // Before the routes, and awaited: every route below is protected from here on.
  await app.register(countersign, {
    ...proofs,
    policies: { ops: { subject: { O: 'Acme', OU: 'Ops' } } },
  })

  // A page at `/` that shows visitors who they are, and those who are refused, why.
  await app.register(page, { ...proofs, explain })

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
