/** An application under `strict`. It is compiled, and never runs. */
import { createTestEdge, type TestEdge } from '@countersign/dev-edge/testing'
import countersign, {
  type AccessIdentity,
  allOf,
  type ClientCert,
  type CountersignPluginOptions,
  clientCertOf,
  type GuardFunction,
  not,
  optional,
} from '@countersign/origin-plugin'
import { type CountersignOptions, countersign as sign } from '@countersign/worker'
import Fastify, { type FastifyInstance } from 'fastify'

const onWeekdays: GuardFunction = (cert, request) => cert.subject.O === 'Acme' && request.method === 'GET'

export const options: CountersignPluginOptions = {
  edge: { keys: process.env['COUNTERSIGN_KEYS'], hosts: ['app.example.com'], maxAge: 30 },
  access: { team: 'acme', audience: process.env['ACCESS_AUDIENCE'] },
  trustedIssuers: [{ ca: 'PEM', revocation: { crl: 'https://ca.example/acme.crl' } }],
  policies: { ops: allOf({ subject: { OU: 'Ops' } }, not({ issuer: 'CN=Other CA' })), weekdays: onWeekdays },
}

export async function buildApp(proofs: CountersignPluginOptions): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(countersign, proofs)
  app.get('/healthz', { config: { clientCert: false } }, () => ({ ok: true }))
  app.get('/ops', { config: { clientCert: 'ops' } }, (request) => clientCertOf(request).subject.CN)
  app.get('/login', { config: { clientCert: optional('ops') } }, ({ clientCert }) => clientCert?.fingerprint256)
  app.get('/pay', { onRequest: app.requireClientCert({ subject: { CN: /^pay-\d+$/ } }) }, (request) => {
    const cert: ClientCert | null = request.clientCert
    const access: AccessIdentity | null = request.access
    return { name: cert?.subject.CN, access: access?.kind }
  })
  // @ts-expect-error: the text of an attribute is no number
  app.get('/wrong', { config: { clientCert: { subject: { CN: 1 } } } }, () => 'x')
  // @ts-expect-error: the certificate may be null
  app.get('/maybe', (request) => request.clientCert.subject)
  // @ts-expect-error: an unknown property of a requirement
  app.requireClientCert({ subjct: { OU: 'Ops' } })
  return app
}

export async function testApp(): Promise<number> {
  const edge: TestEdge = await createTestEdge({ alg: 'ed25519' })
  const app = await buildApp({ ...edge.options })
  // @ts-expect-error: an unknown option of the test kit
  await edge.inject(app, { url: '/ops', certificate: { subject: 'CN=alice' } })
  return (await edge.inject(app, { url: '/ops', cert: { subject: 'CN=alice,OU=Ops' } })).statusCode
}

const signing: CountersignOptions = { key: '{}', forwardCert: 'leaf' }
export const signed: Promise<Request> = sign(new Request('https://app.example.com'), signing)
// @ts-expect-error: an unknown value of forwardCert
export const wrong: CountersignOptions = { key: '{}', forwardCert: 'all' }
// @ts-expect-error: trustedIssuers is required
export const incomplete: CountersignPluginOptions = { edge: null, access: null }
