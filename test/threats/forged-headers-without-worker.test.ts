import { X509Certificate } from 'node:crypto'
import type { DevEdge } from '@countersign/dev-edge'
import { createCa } from '@countersign/test-support/certificates'
import { headerLines, withLines } from '@countersign/test-support/wire-request'
import { CERTIFICATE_HEADERS, CF_CERT_HEADERS } from '@countersign/wire'
import { describe, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

const encode = (der: Uint8Array) => `:${Buffer.from(der).toString('base64')}:`
const clientCertOf = (pem: string) => encode(new X509Certificate(pem).raw)
const MALFORMED = { status: 400, code: 'CSN_HEADERS_MALFORMED' }

const without = (source: 'rfc9440' | 'cf-cert') => ({
  edge: { headers: source },
  plugin: ({ clientCa }: DevEdge) => ({
    source,
    edge: null,
    trustedIssuers: source === 'rfc9440' ? [clientCa] : [{ ca: clientCa, byName: true }],
  }),
})

describe('without a Worker', () => {
  describeThreat('transform rules (rfc9440)', without('rfc9440'), (chain) => {
    it('replace the Client-Cert that a client writes, and remove it from a client without a certificate', async () => {
      const { alice, bob } = chain.edge.clients
      for (const name of ['Client-Cert', 'CLIENT-CERT', 'client-cert']) {
        const headers = { [name]: clientCertOf(alice.cert), 'Client-Cert-Chain': clientCertOf(alice.cert) }
        const { status, body } = await chain.through('/me', { client: bob, headers })
        expect([status, body]).toEqual([200, expect.stringContaining('bob')])
        expect(await chain.through('/me', { headers })).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
        const expired = { client: chain.edge.clients.expired, headers }
        expect(await chain.through('/me', expired)).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
      }
    })

    it.each(['client_cert', 'Client_Cert', 'client.cert', 'Client-Cert-', 'client-certificate', 'x_cert_serial'])(
      'leave the name %s, which the origin refuses',
      async (name) => {
        const request = {
          client: chain.edge.clients.bob,
          headers: { [name]: clientCertOf(chain.edge.clients.alice.cert) },
        }
        expect(await chain.through('/me', request)).toMatchObject(MALFORMED)
        expect(chain.lastReason()).toBe(`${name.toLowerCase()} is not sent by the edge`)
      },
    )

    it('leave the headers of the Worker and of the managed transform, which the origin refuses', async () => {
      const client = chain.edge.clients.bob
      for (const [name, other] of [
        ['X-CERT-SUBJECT-DN', 'worker'],
        ['Cf-Cert-Subject-DN', 'cf-cert'],
      ] as const) {
        expect(await chain.through('/me', { client, headers: { [name]: 'CN=alice' } })).toMatchObject(MALFORMED)
        expect(chain.lastReason()).toBe(
          `${name.toLowerCase()} and client-cert are headers of two sources, '${other}' and 'rfc9440', and this origin reads 'rfc9440'`,
        )
        expect(await chain.through('/me', { headers: { [name]: 'CN=alice' } })).toMatchObject(MALFORMED)
        expect(chain.lastReason()).toBe(
          `${name.toLowerCase()} is a header of the source '${other}', and this origin reads the source 'rfc9440'`,
        )
      }
    })

    it('are not proven: the origin still requires a token, and a certificate that a trusted CA signed', async () => {
      const genuine = await chain.capture('/me', { client: chain.edge.clients.alice })
      const lines = headerLines(genuine)
      const anonymous = lines.filter(([name]) => name.toLowerCase() !== 'cf-access-jwt-assertion')
      expect(await chain.around(withLines(genuine, anonymous))).toMatchObject({
        status: 401,
        code: 'CSN_ACCESS_TOKEN_MISSING',
      })
      const namesake = await createCa(
        String(new X509Certificate(chain.edge.clientCa).subject).split('\n').reverse().join(','),
      )
      const { cert } = await namesake.issue({ subject: 'CN=alice,OU=Ops,O=Acme,C=US' })
      const forged = lines.map(([name, value]) =>
        name.toLowerCase() === 'client-cert' ? ([name, encode(cert.raw)] as const) : ([name, value] as const),
      )
      expect(await chain.around(withLines(genuine, forged))).toMatchObject({
        status: 403,
        code: 'CSN_CERT_UNTRUSTED_ISSUER',
      })
      expect(chain.lastReason()).toMatch(/^another CA of the same name signed the certificate/)
    })
  })

  describeThreat('the managed transform (cf-cert)', without('cf-cert'), (chain) => {
    it('replaces each header that a client writes', async () => {
      const { alice, bob } = chain.edge.clients
      const genuine = await chain.capture('/me', { client: alice })
      const headers = Object.fromEntries(headerLines(genuine).filter(([name]) => name.startsWith('cf-cert-')))
      expect(Object.keys(headers)).toHaveLength(CF_CERT_HEADERS.length)
      const { status, body } = await chain.through('/me', { client: bob, headers })
      expect([status, body]).toEqual([200, expect.stringContaining('bob')])
      expect(await chain.through('/me', { headers })).toMatchObject({ status: 401, code: 'CSN_CERT_MISSING' })
      for (const name of ['expired', 'selfSigned'] as const) {
        const client = chain.edge.clients[name]
        expect(await chain.through('/me', { client, headers })).toMatchObject({
          status: 403,
          code: 'CSN_CERT_UNVERIFIED',
        })
      }
    })

    it.each([
      'cf_cert_verified',
      'CF_CERT-SERIAL',
      'cf.cert.serial',
      'cf-cert-fingerprint-sha256',
      'cf-client-cert-sha256',
    ])('leaves the name %s, which the origin refuses', async (name) => {
      const request = { client: chain.edge.clients.bob, headers: { [name]: 'true' } }
      expect(await chain.through('/me', request)).toMatchObject(MALFORMED)
      expect(chain.lastReason()).toBe(`${name.toLowerCase()} is not sent by the edge`)
    })

    it.each(CERTIFICATE_HEADERS.map(({ name }) => name))('leaves %s, which the origin refuses', async (name) => {
      const request = { client: chain.edge.clients.bob, headers: { [name]: 'forged' } }
      expect(await chain.through('/me', request)).toMatchObject(MALFORMED)
      expect(chain.lastReason()).toMatch(new RegExp(`^${name} and cf-cert-\\S+ are headers of two sources, `))
    })

    it('sends no header twice: a repeated one is refused', async () => {
      const genuine = await chain.capture('/me', { client: chain.edge.clients.alice })
      const twice = withLines(genuine, [...headerLines(genuine), ['Cf-Cert-Subject-DN-RFC2253', 'CN=bob']])
      expect(await chain.around(twice)).toMatchObject(MALFORMED)
      expect(chain.lastReason()).toBe('cf-cert-subject-dn-rfc2253 is repeated')
    })
  })
})
