import type { SignatureOverrides } from '@countersign/test-support/sign-as-worker'
import type { WireRequest } from '@countersign/test-support/wire-request'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a signature of another time', (chain) => {
  let request: WireRequest
  beforeAll(async () => {
    request = await chain.capture('/me', { client: chain.edge.clients.alice })
  })

  const sent = (changes: SignatureOverrides) => chain.around(chain.sign(request, changes))
  const now = () => Math.floor(Date.now() / 1000)

  it('is accepted within the minute', async () => {
    expect(await sent({ created: now() - 55 })).toMatchObject({ status: 200 })
  })

  it('is refused after the minute and the tolerance', async () => {
    expect(await sent({ created: now() - 70, expires: now() - 10 })).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_EXPIRED',
    })
  })

  it('is refused after maxAge, even with a later expires', async () => {
    expect(await sent({ created: now() - 70, expires: now() + 86_400 })).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_EXPIRED',
    })
  })

  it('is refused after its own expires, even within maxAge', async () => {
    expect(await sent({ created: now() - 30, expires: now() - 20 })).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_EXPIRED',
    })
  })

  it('is refused when expires is before created', async () => {
    expect(await sent({ created: now(), expires: now() - 60 })).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_EXPIRED',
    })
  })

  it('is refused when created is in the future', async () => {
    expect(await sent({ created: now() + 60 })).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    expect(chain.lastReason()).toMatch(
      /^created is (?:59|60) s in the future; compare the origin's clock with Cloudflare's$/,
    )
  })

  it('is refused as invalid, not as expired, when it is a forgery', async () => {
    const forged = chain.sign(request, { created: now() - 3600, signature: () => Buffer.alloc(32) })
    expect(await chain.around(forged)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })
})
