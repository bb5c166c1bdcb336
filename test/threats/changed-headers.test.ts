import { headerLines, headerOf, type WireRequest, withHeader, withLines } from '@countersign/test-support/wire-request'
import { CERTIFICATE_HEADERS } from '@countersign/wire'
import { beforeAll, expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

describeThreat('a header that is changed after the edge', { edge: { forwardCert: 'chain' } }, (chain) => {
  let genuine: WireRequest
  beforeAll(async () => {
    genuine = await chain.capture('/me', { client: chain.edge.clients.branch })
  })

  // A certificate that is forwarded is not too large, so no request carries both headers.
  const absent = CERTIFICATE_HEADERS.map(({ name }) => name).filter((name) => name.endsWith('too-large'))
  const names = [...CERTIFICATE_HEADERS.map(({ name }) => name), 'cf-access-jwt-assertion'].filter(
    (name) => !absent.includes(name as (typeof absent)[number]),
  )

  it('is tested on a request that carries every header of the table', () => {
    expect(names.filter((name) => headerOf(genuine, name) === undefined)).toEqual([])
  })

  it.each(names)('is refused when its value differs: %s', async (name) => {
    expect(await chain.around(withHeader(genuine, name, `${headerOf(genuine, name)}0`))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })

  it.each(names)('is refused when it is removed: %s', async (name) => {
    expect(await chain.around(withHeader(genuine, name, undefined))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })

  it.each(names)('is refused when its value is empty: %s', async (name) => {
    expect(await chain.around(withHeader(genuine, name, ''))).toMatchObject({
      status: 400,
      code: 'CSN_HEADERS_MALFORMED',
    })
  })

  it.each(absent)('is refused when it is added: %s', async (name) => {
    expect(await chain.around(withHeader(genuine, name, '1'))).toMatchObject({
      status: 401,
      code: 'CSN_SIGNATURE_INVALID',
    })
  })

  it('is refused when it is added', async () => {
    const without = await chain.capture('/me')
    const added = withHeader(without, 'X-CERT-SUBJECT-DN', 'CN=alice')
    expect(await chain.around(added)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
  })

  it('may have any position: the order of header lines has no meaning', async () => {
    expect(await chain.around(withLines(genuine, headerLines(genuine).reverse()))).toMatchObject({ status: 200 })
  })
})
