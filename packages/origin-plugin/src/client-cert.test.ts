import Fastify, { type FastifyRequest } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeClientCert } from '../test/support/make-client-cert.ts'
import { clientCertOf, describeCert } from './client-cert.ts'

describe('describeCert', () => {
  it('names serial number, fingerprint without colons, and subject', () => {
    expect(describeCert(makeClientCert({ subject: 'CN=pay-1,O=Acme' }))).toBe(
      `serial number 0A1B, SHA-256 ${'AB'.repeat(32)}, subject CN=pay-1,O=Acme`,
    )
  })
})

describe('clientCertOf', () => {
  it('gives the certificate itself', () => {
    const clientCert = makeClientCert()
    expect(clientCertOf({ clientCert } as FastifyRequest)).toBe(clientCert)
  })

  it('throws where no certificate is verified', () => {
    expect(() => clientCertOf({ clientCert: null } as FastifyRequest)).toThrow(
      new TypeError(
        'clientCertOf() must not be called without a verified certificate: the route is public or optional, or in report mode; remove clientCert: false or optional(…), enforce the route, or read request.clientCert, which can be null',
      ),
    )
  })

  it('throws on a route without the plugin, and names the registration', () => {
    expect(() => clientCertOf({ raw: {}, params: {} } as FastifyRequest)).toThrow(
      new TypeError(
        'clientCertOf() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
      ),
    )
  })

  it('refuses another value than the request, and shows the call', async () => {
    const error = new TypeError('clientCertOf() must get the request of Fastify; write clientCertOf(request)')
    const app = Fastify()
    onTestFinished(() => app.close())
    const values: unknown[] = [undefined, null, 'request', {}, { raw: {} }, { params: {} }]
    let isRequest = false
    app.get('/', (request, reply) => {
      values.push(reply, request.raw, request.raw.socket, request.server)
      expect(() => clientCertOf(request)).toThrow(/outside of countersign/)
      isRequest = true
      return 'in'
    })
    await app.inject('/')
    expect([isRequest, values.length]).toEqual([true, 10])
    for (const value of values) expect(() => clientCertOf(value as FastifyRequest)).toThrow(error)
  })
})
