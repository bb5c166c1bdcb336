import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestEdge } from '@countersign/dev-edge/testing'
import { buildApp } from './app.ts'

const edge = await createTestEdge()
const app = await buildApp(edge.options)

test('a payment client pays', async () => {
  const response = await edge.inject(app, {
    method: 'POST',
    url: '/pay',
    payload: { amount: 5 },
    cert: { subject: 'CN=pay-1,O=Acme' },
  })
  assert.equal(response.statusCode, 200)
  assert.equal(response.json().paidBy, 'pay-1')
})

test('another client does not', async () => {
  const headers = await edge.headers({ method: 'POST', url: '/pay', cert: { subject: 'CN=alice,O=Acme' } })
  const response = await app.inject({ method: 'POST', url: '/pay', payload: {}, headers })
  assert.equal(response.statusCode, 403)
  assert.equal(response.json().code, 'CSN_CERT_FORBIDDEN')
})

test('a program that Access admitted by its certificate is told apart from a person', async () => {
  const cert = { subject: 'CN=robot,O=Acme' }
  const robot = await edge.inject(app, { url: '/me', cert, access: 'certificate' })
  assert.deepEqual(robot.json(), { name: 'robot', access: 'certificate' })
  const person = await edge.inject(app, { url: '/me', cert, access: { email: 'ada@acme.example' } })
  assert.deepEqual(person.json(), { name: 'robot', access: 'user' })
})

test('the health check needs no certificate', async () => {
  assert.deepEqual((await app.inject('/healthz')).json(), { ok: true })
})
