import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Chain, startChain } from '../support/chain.ts'
import { type WireRequest, withHeader } from '../support/signed-request.ts'

describe('a genuine token that is for something else', () => {
  let chain: Chain
  let request: WireRequest
  beforeAll(async () => {
    chain = await startChain()
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })
  afterAll(() => chain.close())

  type TokenOptions = Parameters<Chain['edge']['accessToken']>[0]
  const sent = async (options: TokenOptions) =>
    chain.around(chain.sign(withHeader(request, 'cf-access-jwt-assertion', await chain.edge.accessToken(options))))
  const refused = { status: 401, code: 'CSN_ACCESS_TOKEN_INVALID' }

  it.each<[string, TokenOptions]>([
    ['another application', { audience: 'f'.repeat(64) }],
    ['no application', { audience: [] }],
    ['an application whose tag begins alike', { audience: 'a'.repeat(63) }],
    ['another team', { issuer: 'https://other.cloudflareaccess.com' }],
    ['a team whose name begins alike', { issuer: 'https://countersign-dev.cloudflareaccess.com.evil.example' }],
    ['the whole team', { claims: { type: 'org' } }],
    ['nothing in particular', { claims: { type: undefined } }],
    ['a type that is no text', { claims: { type: ['app'] } }],
    ['nobody', { claims: { email: undefined } }],
    ['an e-mail address that is no text', { claims: { email: ['alice@acme.example'] } }],
    ['a time that has not come', { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }],
    ['all eternity', { claims: { exp: undefined as unknown as number } }],
    ['a time that is no number', { claims: { exp: '9999999999' as unknown as number } }],
    ['an unknown day of issue', { claims: { iat: undefined as unknown as number } }],
  ])('is refused: for %s', async (_what, options) => {
    expect(await sent(options)).toMatchObject(refused)
  })

  it('is refused when it has expired', async () => {
    expect(await sent({ expiresIn: -60 })).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_EXPIRED' })
  })

  it('is accepted for several applications, when this one is among them', async () => {
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

  it('is missed when there is none', async () => {
    const without = withHeader(request, 'cf-access-jwt-assertion', undefined)
    expect(await chain.around(chain.sign(without))).toMatchObject({ status: 401, code: 'CSN_ACCESS_TOKEN_MISSING' })
  })

  it('is missed when it comes as a cookie or as Authorization', async () => {
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
