/* global test, expect */
import { createTestEdge } from '@countersign/dev-edge/testing'
import countersign, { clientCertOf } from '@countersign/origin-plugin'
import Fastify from 'fastify'

test('admits a client, and refuses a request without a signature', async () => {
  const edge = await createTestEdge()
  const app = Fastify()
  await app.register(countersign, { ...edge.options })
  app.get('/me', (request) => clientCertOf(request).subject.CN)
  const admitted = await edge.inject(app, { url: '/me', cert: { subject: 'CN=pay-1' } })
  expect([admitted.statusCode, admitted.body]).toEqual([200, 'pay-1'])
  const refused = await app.inject('/me')
  expect([refused.statusCode, refused.json().code]).toEqual([401, 'CSN_SIGNATURE_MISSING'])
  await app.close()
})
