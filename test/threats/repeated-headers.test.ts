import { headerLines, withLines } from '@countersign/test-support/wire-request'
import { expect, it } from 'vitest'
import { describeThreat } from '../support/use-chain.ts'

const repeatable = [
  'x-cert-subject-dn',
  'x-cert-subject-dn-2253',
  'X-CERT-VERIFY',
  'x-cert-presented',
  'client-cert',
  'cf-access-jwt-assertion',
]

describeThreat('a repeated header line', (chain) => {
  it.each(repeatable)('is refused before the genuine line, where Node joins the two: %s', async (name) => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.bob })
    const before = withLines(genuine, [[name, 'CN=alice'], ...headerLines(genuine)])
    expect(await chain.around(before)).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
    expect(chain.lastReason()).toContain('is repeated')
  })

  it.each(repeatable)('is refused after the genuine line: %s', async (name) => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.bob })
    const behind = withLines(genuine, [...headerLines(genuine), [name, 'CN=alice']])
    expect(await chain.around(behind)).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
  })

  it('is refused when it is identical', async () => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.bob })
    const line = headerLines(genuine).find(([name]) => name.toLowerCase() === 'x-cert-serial')
    const doubled = withLines(genuine, [...headerLines(genuine), line as [string, string]])
    expect(await chain.around(doubled)).toMatchObject({ status: 400, code: 'CSN_HEADERS_MALFORMED' })
  })

  it('of the signature is refused: two members under our label', async () => {
    const genuine = await chain.capture('/me', { client: chain.edge.clients.bob })
    for (const name of ['signature', 'signature-input']) {
      const line = headerLines(genuine).find(([each]) => each.toLowerCase() === name) as [string, string]
      const doubled = withLines(genuine, [...headerLines(genuine), line])
      expect(await chain.around(doubled)).toMatchObject({ status: 401, code: 'CSN_SIGNATURE_INVALID' })
    }
  })
})
