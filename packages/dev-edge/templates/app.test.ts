import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createTestEdge } from '@countersign/dev-edge/testing'
import { buildApp } from './app.ts'

// Signs requests as Cloudflare and the Worker would, in memory.
const edge = await createTestEdge()
const app = await buildApp(edge.options)
after(() => app.close())

test('a client is known by its certificate', async () => {
  const response = await edge.inject(app, { url: '/me', cert: { subject: 'CN=alice,O=Acme' } })
  assert.equal(response.statusCode, 200)
  assert.equal(response.json().name, 'alice')
})

test('a client of the policy is admitted, and another one is refused', async () => {
  const admitted = await edge.inject(app, { url: '/ops', cert: { subject: 'CN=alice,OU=Ops,O=Acme' } })
  assert.deepEqual([admitted.statusCode, admitted.json()], [200, { operator: 'alice' }])
  const refused = await edge.inject(app, { url: '/ops', cert: { subject: 'CN=bob,OU=Sales,O=Acme' } })
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'CSN_CERT_FORBIDDEN'])
})

test('a request without a certificate is refused', async () => {
  const response = await edge.inject(app, { url: '/me' })
  assert.deepEqual([response.statusCode, response.json().code], [401, 'CSN_CERT_MISSING'])
})

test('a request around Cloudflare is refused', async () => {
  const response = await app.inject({ url: '/me', headers: { 'x-cert-verify': 'SUCCESS' } })
  assert.deepEqual([response.statusCode, response.json().code], [401, 'CSN_SIGNATURE_MISSING'])
})

test('the health check needs no certificate', async () => {
  assert.deepEqual((await app.inject('/healthz')).json(), { ok: true })
})
