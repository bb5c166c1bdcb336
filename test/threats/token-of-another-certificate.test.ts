import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import type { Chain, ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('an Access token that names a certificate', (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  type TokenOptions = Parameters<Chain['edge']['accessToken']>[0]
  const sent = async (options: TokenOptions) =>
    chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', await chain.edge.accessToken(options))))
  const refused = { status: 403, code: 'CSN_CERT_MISMATCH' }

  it('is accepted with that certificate', async () => {
    expect(await sent({ as: 'certificate', client: chain.edge.clients.alice })).toMatchObject({ status: 200 })
  })

  it('is refused with another certificate', async () => {
    expect(await sent({ as: 'certificate', client: chain.edge.clients.bob })).toMatchObject(refused)
  })

  it('is refused with another certificate of the same common name', async () => {
    const namesake = await chain.edge.issueClient({ name: 'namesake', subject: 'CN=alice,OU=Ops,O=Acme,C=US' })
    expect(await sent({ as: 'certificate', client: namesake })).toMatchObject(refused)
    expect(chain.lastReason()).toContain('mtls_auth.cert_serial')
  })

  it.each([
    ['common_name', { common_name: 'bob' }],
    ['common_name by letter case', { common_name: 'Alice' }],
    ['serial number', { mtls_auth: { cert_serial: '0123' } }],
    ['serial number, a malformed one', { mtls_auth: { cert_serial: 'zz' } }],
    ['issuer', { mtls_auth: { cert_issuer_dn: 'CN=Other CA' } }],
    ['issuer in one-line form', { mtls_auth: { cert_issuer_dn: '/CN=Other CA' } }],
    ["issuer's key", { mtls_auth: { cert_issuer_ski: 'ABCD' } }],
    ['whole mtls_auth, which is not an object', { mtls_auth: 'SUCCESS' }],
  ])('is refused when it differs in the %s', async (_what, claims) => {
    expect(await sent({ as: 'certificate', client: chain.edge.clients.alice, claims })).toMatchObject(refused)
  })

  it('is refused each time, also directly after a token that agrees', async () => {
    const { alice, bob } = chain.edge.clients
    const [good, bad] = await Promise.all(
      [alice, bob].map((client) => chain.edge.accessToken({ as: 'certificate', client })),
    )
    const answers = []
    for (const token of [bad, bad, good, bad, bad, good, good, bad] as string[]) {
      answers.push(await chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token))))
    }
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 200, 403, 403, 200, 200, 403])
  })

  it('does not bind a user, whose token is accepted with any certificate', async () => {
    expect(await sent({ as: 'user' })).toMatchObject({ status: 200 })
  })
})

const suspended = new Set<string>()
const options: ChainOptions = {
  plugin: (edge) => ({
    access: {
      ...edge.access,
      matches: (access, cert) => {
        if (suspended.has(String(cert.subject.CN))) return false
        if (cert.subject.CN === 'rsa') throw new Error('no such user')
        return access.kind === 'user' && access.email.startsWith(`${cert.subject.CN}@`)
      },
    },
  }),
}

describeThreat('a user that access.matches ties to a certificate', options, (chain) => {
  const sent = async (email: string, client: 'alice' | 'bob' | 'rsa') => {
    const request = await chain.capture('/me', { client: chain.edge.clients[client] })
    const token = await chain.edge.accessToken({ claims: { email } })
    return chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
  }

  it('is accepted with their own certificate', async () => {
    expect(await sent('alice@acme.example', 'alice')).toMatchObject({ status: 200 })
  })

  it('is refused with the certificate of another user', async () => {
    expect(await sent('alice@acme.example', 'bob')).toMatchObject({ status: 403, code: 'CSN_CERT_MISMATCH' })
  })

  it('is refused as soon as the function returns false', async () => {
    const request = await chain.capture('/me', { client: chain.edge.clients.alice })
    const token = await chain.edge.accessToken({ claims: { email: 'alice@acme.example' } })
    const again = () => chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', token)))
    expect(await again()).toMatchObject({ status: 200 })
    suspended.add('alice')
    expect(await again()).toMatchObject({ status: 403, code: 'CSN_CERT_MISMATCH' })
    suspended.clear()
    expect(await again()).toMatchObject({ status: 200 })
  })

  it('is refused when the function throws', async () => {
    expect(await sent('rsa@acme.example', 'rsa')).toMatchObject({ status: 403, code: 'CSN_CERT_MISMATCH' })
  })
})
