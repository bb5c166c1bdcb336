import { optional } from '@countersign/origin-plugin'
import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    app.get('/login', { config: { clientCert: optional({ subject: { CN: 'alice' } }) } }, (request) => ({
      subject: request.clientCert?.subject ?? null,
      access: request.access?.kind,
      email: request.access?.kind === 'user' ? request.access.email : undefined,
    }))
  },
}

describeThreat('a route with an optional certificate', options, (chain) => {
  const login = (status: number, rest: object) => ({ status, ...rest })
  const read = ({ status, body }: { status: number; body: string }) => ({ status, ...JSON.parse(body) })

  it('admits a client without a certificate, and the client of its requirement', async () => {
    expect(read(await chain.through('/login'))).toMatchObject({ status: 200, subject: null, access: 'user' })
    const { alice, bob } = chain.edge.clients
    expect(read(await chain.through('/login', { client: alice }))).toMatchObject({
      status: 200,
      subject: 'CN=alice,OU=Ops,O=Acme,C=US',
    })
    expect(await chain.through('/login', { client: bob })).toMatchObject(login(403, { code: 'CSN_CERT_FORBIDDEN' }))
  })

  it('does not take a certificate that is not good for none', async () => {
    const { selfSigned, otherCa, expired, notYetValid } = chain.edge.clients
    for (const [client, code] of [
      [selfSigned, 'CSN_CERT_UNVERIFIED'],
      [otherCa, 'CSN_CERT_UNVERIFIED'],
      [expired, 'CSN_CERT_EXPIRED'],
      [notYetValid, 'CSN_CERT_EXPIRED'],
    ] as const) {
      expect(await chain.through('/login', { client })).toMatchObject(login(403, { code }))
    }
    const revoked = await chain.edge.issueClient({ subject: 'CN=alice,OU=Ops,O=Acme,C=US' })
    chain.edge.revokeAtEdge(revoked)
    expect(await chain.through('/login', { client: revoked })).toMatchObject(login(403, { code: 'CSN_CERT_REVOKED' }))
  })

  it('does not believe that the certificate is absent without a signature', async () => {
    const token = await chain.edge.accessToken()
    const bare: WireRequest = {
      method: 'GET',
      target: '/login',
      headers: ['Host', chain.edge.hosts[0] as string, 'Cf-Access-Jwt-Assertion', token],
    }
    expect(await chain.around(bare)).toMatchObject(login(401, { code: 'CSN_SIGNATURE_MISSING' }))
    const stated = withHeader(withHeader(bare, 'x-cert-presented', '0'), 'x-cert-verify', 'NONE')
    expect(await chain.around(withHeader(stated, 'x-cert-revoked', '0'))).toMatchObject({
      code: 'CSN_SIGNATURE_MISSING',
    })
  })

  it('does not lose the certificate between edge and origin', async () => {
    const bob = await chain.capture('/login', { client: chain.edge.clients.bob })
    const family = bob.headers.filter((name, at) => at % 2 === 0 && /^(?:x-cert-|client-cert)/i.test(name))
    const stripped = family.reduce((request, name) => withHeader(request, name, undefined), bob)
    expect(await chain.around(stripped)).toMatchObject(login(401, { code: 'CSN_SIGNATURE_INVALID' }))
    const denied = withHeader(
      withHeader(withHeader(stripped, 'x-cert-presented', '0'), 'x-cert-verify', 'NONE'),
      'x-cert-revoked',
      '0',
    )
    expect(await chain.around(denied)).toMatchObject(login(401, { code: 'CSN_SIGNATURE_INVALID' }))
  })

  it('does not accept the token of a certificate without the certificate', async () => {
    const request = await chain.capture('/login')
    const token = await chain.edge.accessToken({ as: 'certificate' })
    const moved = chain.sign(withHeader(request, 'cf-access-jwt-assertion', token))
    expect(await chain.around(moved)).toMatchObject(login(403, { code: 'CSN_CERT_MISMATCH' }))
  })

  it('accepts a request without a certificate once, for its own path and with its own token', async () => {
    const request = await chain.capture('/login')
    expect(await chain.around({ ...request, target: '/login?again' })).toMatchObject({ code: 'CSN_SIGNATURE_INVALID' })
    const stolen = withHeader(
      request,
      'cf-access-jwt-assertion',
      await chain.edge.accessToken({ claims: { email: 'm@acme.example' } }),
    )
    expect(await chain.around(stolen)).toMatchObject({ code: 'CSN_SIGNATURE_INVALID' })
    expect(await chain.around(request)).toMatchObject({ status: 200 })
    expect(await chain.around(request)).toMatchObject(login(401, { code: 'CSN_SIGNATURE_REPLAYED' }))
    const missing = chain.sign(withHeader(await chain.capture('/login'), 'cf-access-jwt-assertion', undefined))
    expect(await chain.around(missing)).toMatchObject(login(401, { code: 'CSN_ACCESS_TOKEN_MISSING' }))
  })

  it('does not confuse the users without a certificate', async () => {
    const request = await chain.capture('/login')
    for (const email of ['one@acme.example', 'two@acme.example', 'one@acme.example']) {
      const token = await chain.edge.accessToken({ claims: { email } })
      const sent = chain.sign(withHeader(request, 'cf-access-jwt-assertion', token))
      expect(read(await chain.around(sent))).toMatchObject({ status: 200, subject: null, email })
    }
  })
})
