import { readFileSync } from 'node:fs'
import countersign, { type CountersignPluginOptions, clientCertOf, optional } from '@countersign/origin-plugin'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'

/** The options that differ between a laptop and production: the edge's keys, the Access application, the CAs. */
export type Proofs = Pick<CountersignPluginOptions, 'edge' | 'access' | 'trustedIssuers'>

/** The site whose pages may call this origin from a browser. */
export const DASHBOARD = 'https://dashboard.example.com'

/** Builds an origin whose routes are protected by client certificate. */
export async function buildApp(proofs: Proofs, options: FastifyServerOptions = {}): Promise<FastifyInstance> {
  const app = Fastify(options)

  // Before the routes, and awaited: the plugin protects every later route.
  await app.register(countersign, {
    ...proofs,
    policies: { ops: { subject: { O: 'Acme', OU: 'Ops' } } },
    // Browsers send a preflight without a certificate.
    routes: [{ method: 'OPTIONS', url: '*', clientCert: false }],
  })
  await app.register(cors, { origin: DASHBOARD })

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

  // With or without a certificate. One that comes must be good, and of the policy.
  app.get('/login', { config: { clientCert: optional('ops') } }, (request) => {
    return { login: request.clientCert?.subject.CN ?? 'with a password', access: request.access?.kind }
  })

  // By a named policy.
  app.get('/ops', { config: { clientCert: 'ops' } }, (request) => ({ operator: clientCertOf(request).subject.CN }))

  // A file that the zone's cache would store. The Worker goes around it, and the plugin forbids every cache to store it.
  app.get('/payroll.csv', { config: { clientCert: 'ops' } }, (request, reply) => {
    return reply.type('text/csv').send(`name,amount\n${clientCertOf(request).subject.CN},100\n`)
  })

  return app
}

/** Reads the options of production from the environment. A missing variable throws, so the origin does not start. */
export function readProofs(env: NodeJS.ProcessEnv): Proofs {
  const required = (name: string) => {
    const value = env[name]
    if (!value) throw new TypeError(`${name} is missing; examples/quickstart/README.md describes its value`)
    return value
  }
  return {
    edge: { keys: required('COUNTERSIGN_KEYS'), hosts: required('COUNTERSIGN_HOSTS') },
    access: { team: required('ACCESS_TEAM'), audience: required('ACCESS_AUDIENCE') },
    trustedIssuers: [readFileSync(required('CLIENT_CA'), 'utf8')],
  }
}
