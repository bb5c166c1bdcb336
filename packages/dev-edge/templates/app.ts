import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import type { Proofs } from './countersign.ts'

/** Builds a server whose routes are protected by client certificate. */
export async function buildApp(proofs: Proofs, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(options)

  // Before the routes, and awaited: the plugin protects every later route.
  await app.register(countersign, { ...proofs, policies: { ops: { subject: { OU: 'Ops' } } } })

  // Explicitly public.
  app.get('/healthz', { config: { clientCert: false } }, () => ({ ok: true }))

  // Any certificate that Cloudflare verified and the server trusts.
  app.get('/', (request) => ({ hello: clientCertOf(request).subject.CN }))
  app.get('/me', (request) => {
    const { subject, fingerprint256 } = clientCertOf(request)
    return { name: subject.CN, fingerprint256, access: request.access?.kind }
  })

  // A named policy.
  app.get('/ops', { config: { clientCert: 'ops' } }, (request) => ({ operator: clientCertOf(request).subject.CN }))

  return app
}
