import { describe, expect, it } from 'vitest'
import { useEdge } from '../../test/support/use-edge.ts'
import { createTestEdge } from './index.ts'

const test = useEdge({ forwardCert: 'chain' })

/** Returns the Worker's decisions. Times, nonces and signatures differ between two requests. */
function decided(headers: Readonly<Record<string, unknown>>) {
  const covered = /\(.*?\)/.exec(String(headers['signature-input']))?.[0]
  const family = Object.entries(headers).filter(([name]) => /^(?:x-cert-|client-cert)/.test(name))
  return { covered, family: Object.fromEntries(family) }
}

describe('the test kit', () => {
  // The client signs its own certificate. The two edges, each with a CA of its own, then see the same.
  it.each([
    ['a usual certificate', 'CN=pay-1,OU=Ops,O=Acme'],
    ['names beyond ASCII', 'CN=Zoë 🦊,O=A\\, B\\+C'],
  ])('writes the headers that the Worker writes in workerd, for %s', async (_what, subject) => {
    const kit = await createTestEdge({ forwardCert: 'chain' })
    const client = await test.edge.issueClient({ issuer: 'self', subject })
    const url = '/pay?id=1'
    const real = await test.record(url, { client })
    const made = await kit.headers({ url, cert: client })
    expect(decided(made)).toEqual(decided(real.headers))
    expect(decided(made).family).toHaveProperty('client-cert')
  })

  it('writes them for a client without a certificate, too', async () => {
    const kit = await createTestEdge()
    const real = await test.record('/', { headers: { 'Countersign-Dev-Access': 'none' } })
    expect(decided(await kit.headers({ url: '/', access: null }))).toEqual(decided(real.headers))
  })
})
