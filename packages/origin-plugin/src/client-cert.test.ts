import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
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
    expect(() => clientCertOf({} as FastifyRequest)).toThrow(
      new TypeError(
        'clientCertOf() must not be called outside of countersign: the plugin is not registered for this route; await app.register(countersign, …) before the routes of its scope',
      ),
    )
  })
})
