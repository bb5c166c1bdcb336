import { type WireRequest, withHeader } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import type { Chain } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a genuine token for another purpose', (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  type TokenOptions = Parameters<Chain['edge']['accessToken']>[0]
  const sent = async (options: TokenOptions) =>
    chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', await chain.edge.accessToken(options))))
  const refused = { status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' }

  it.each<[string, TokenOptions]>([
    ['another application', { audience: 'f'.repeat(64) }],
    ['no application', { audience: [] }],
    ['an application whose tag starts like ours', { audience: 'a'.repeat(63) }],
    ['another team', { issuer: 'https://other.cloudflareaccess.com' }],
    ['a team whose name starts like ours', { issuer: 'https://countersign-dev.cloudflareaccess.com.evil.example' }],
    ['the whole team', { claims: { type: 'org' } }],
    ['an undefined type', { claims: { type: undefined } }],
    ['a type that is not text', { claims: { type: ['app'] } }],
    ['no user', { claims: { email: undefined } }],
    ['an e-mail address that is not text', { claims: { email: ['alice@acme.example'] } }],
    ['a time in the future', { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }],
    ['an unlimited time', { claims: { exp: undefined as unknown as number } }],
    ['a time that is not a number', { claims: { exp: '9999999999' as unknown as number } }],
    ['an unknown time of issue', { claims: { iat: undefined as unknown as number } }],
  ])('is refused: for %s', async (_what, options) => {
    expect(await sent(options)).toMatchObject(refused)
  })

  it('is refused when it has expired', async () => {
    expect(await sent({ expiresIn: -60 })).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_EXPIRED' })
  })

  it('is accepted for several applications if this one is among them', async () => {
    expect(await sent({ audience: ['f'.repeat(64), chain.edge.access.audience] })).toMatchObject({ status: 200 })
  })

  it('is accepted for a service, which has neither nbf nor e-mail address', async () => {
    expect(await sent({ as: 'service' })).toMatchObject({ status: 200 })
  })

  it('is accepted under the previous key after a rotation', async () => {
    const before = withHeader(request, 'cf-access-jwt-assertion', await chain.edge.accessToken())
    await chain.edge.rotateAccessKeys()
    expect(await chain.around(chain.sign(before))).toMatchObject({ status: 200 })
  })

  it('is required', async () => {
    const without = withHeader(request, 'cf-access-jwt-assertion', undefined)
    expect(await chain.around(chain.sign(without))).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_MISSING' })
  })

  it('is not read from a cookie or from Authorization', async () => {
    const token = await chain.edge.accessToken()
    const without = withHeader(request, 'cf-access-jwt-assertion', undefined)
    for (const [name, value] of [
      ['cookie', `CF_Authorization=${token}`],
      ['authorization', `Bearer ${token}`],
    ] as const) {
      expect(await chain.around(chain.sign(withHeader(without, name, value)))).toMatchObject({
        code: 'CSN_ACCESS_TOKEN_MISSING',
      })
    }
  })
})
