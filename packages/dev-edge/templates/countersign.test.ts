import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify from 'fastify'

// Signs requests as Cloudflare and the Worker would, in memory. Let your own server take `edge.options` in place of
// `readProofs(process.env)`, and test its routes here.
const edge = await createTestEdge()
const app = Fastify()
await app.register(countersign, edge.options)
app.get('/me', (request) => clientCertOf(request).subject.CN)
after(() => app.close())

test('a client is known by its certificate', async () => {
  const response = await edge.inject(app, { url: '/me', cert: { subject: 'CN=alice,O=Acme' } })
  assert.deepEqual([response.statusCode, response.body], [200, 'alice'])
})

test('a request without a certificate is refused', async () => {
  const response = await edge.inject(app, { url: '/me' })
  assert.deepEqual([response.statusCode, response.json().code], [401, 'CSN_CERT_MISSING'])
})

test('a request around Cloudflare is refused', async () => {
  const response = await app.inject({ url: '/me', headers: { 'x-cert-verify': 'SUCCESS' } })
  assert.deepEqual([response.statusCode, response.json().code], [401, 'CSN_SIGNATURE_MISSING'])
})
