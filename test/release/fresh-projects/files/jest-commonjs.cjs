/* global test, expect */
const { createTestEdge } = require('@countersign/dev-edge/testing')
const { buildApp } = require('./app.js')

test('admits a client, and refuses a request without a signature', async () => {
  const edge = await createTestEdge()
  const app = await buildApp({ ...edge.options })
  const admitted = await edge.inject(app, { url: '/me', cert: { subject: 'CN=pay-1' } })
  expect([admitted.statusCode, admitted.body]).toEqual([200, 'pay-1'])
  const refused = await app.inject('/me')
  expect([refused.statusCode, refused.json().code]).toEqual([401, 'CSN_SIGNATURE_MISSING'])
  await app.close()
})
