import { not } from '@countersign/origin-plugin'
import { expect, it } from 'vitest'
import type { ChainOptions } from '../support/chain.ts'
import { describeThreat } from '../support/use-chain.ts'

const options: ChainOptions = {
  routes(app) {
    const answer = () => 'in'
    app.get('/cn-alice', { config: { clientCert: { subject: { CN: 'alice' } } } }, answer)
    app.get('/ou-ops', { config: { clientCert: { subject: { OU: 'Ops' } } } }, answer)
    app.get('/whole', { config: { clientCert: { subject: 'CN=alice,OU=Ops,O=Acme' } } }, answer)
    app.get('/pattern', { config: { clientCert: { subject: { CN: /^alice$/ } } } }, answer)
    app.get('/not-mallory', { config: { clientCert: not({ subject: { CN: 'mallory' } }) } }, answer)
  },
}

describeThreat('a subject that could be read in two ways', options, (chain) => {
  const sent = async (path: string, subject: string) =>
    chain.through(path, { client: await chain.edge.issueClient({ subject }) })
  const forbidden = { status: 403, code: 'CSN_CERT_FORBIDDEN' }

  it.each([
    ['/ou-ops', 'CN=x\\,OU\\=Ops,O=Acme', 'a comma inside a value'],
    ['/ou-ops', 'CN=x\\+OU\\=Ops,O=Acme', 'a plus inside a value'],
    ['/ou-ops', 'CN=x/OU\\=Ops,O=Acme', 'a slash inside a value'],
    ['/ou-ops', 'CN=x\\;OU\\=Ops,O=Acme', 'a semicolon inside a value'],
    ['/ou-ops', 'CN=x\\0AOU\\=Ops,O=Acme', 'a line feed inside a value'],
    ['/ou-ops', 'CN=x\\00\\,OU\\=Ops,O=Acme', 'a NUL inside a value'],
    ['/cn-alice', 'CN=\\"alice\\",O=Acme', 'quotes around a value'],
    ['/cn-alice', 'CN=alice\\00.evil.example,O=Acme', 'a NUL after the name'],
    ['/cn-alice', 'CN=\\ alice,O=Acme', 'a space before the name'],
    ['/cn-alice', 'CN=alice\\ ,O=Acme', 'a space after the name'],
    ['/cn-alice', 'CN=\\#616c696365,O=Acme', 'the name in hexadecimal digits'],
    ['/cn-alice', 'CN=Alice,O=Acme', 'another letter case'],
    ['/cn-alice', 'CN=\\D0\\B0lice,O=Acme', 'a Cyrillic letter'],
    ['/cn-alice', 'CN=alice\\E2\\80\\8E,O=Acme', 'an invisible mark'],
    ['/cn-alice', 'O=Acme', 'no common name'],
    ['/pattern', 'CN=alice\\0A,O=Acme', 'a line feed after the name'],
    ['/pattern', 'CN=x\\0Aalice,O=Acme', 'the name on a second line'],
    ['/whole', 'OU=Ops,CN=alice,O=Acme', 'another order'],
    ['/whole', 'CN=alice+OU=Ops,O=Acme', 'the attributes in one RDN'],
    ['/whole', 'CN=alice,OU=Ops,O=Acme,C=US', 'an additional RDN'],
  ])('does not get into %s as %s: %s', async (path, subject) => {
    expect(await sent(path, subject)).toMatchObject(forbidden)
  })

  it.each(['CN=alice,CN=bob,O=Acme', 'CN=bob,CN=alice,O=Acme', 'CN=alice,CN=alice,O=Acme', 'CN=alice+CN=bob,O=Acme'])(
    'does not match by one of two common names: %s',
    async (subject) => {
      expect(await sent('/cn-alice', subject)).toMatchObject(forbidden)
      expect(chain.lastReason()).toContain('more than once')
    },
  )

  it('does not escape a deny list by being ambiguous', async () => {
    expect(await sent('/not-mallory', 'CN=mallory,O=Acme')).toMatchObject(forbidden)
    expect(await sent('/not-mallory', 'CN=mallory,CN=other,O=Acme')).toMatchObject(forbidden)
    expect(await sent('/not-mallory', 'CN=bob,O=Acme')).toMatchObject({ status: 200 })
  })

  it.each([
    ['/cn-alice', 'CN=alice,O=Acme'],
    ['/cn-alice', 'UID=7+CN=alice,O=Acme'],
    ['/ou-ops', 'CN=x,OU=Ops,O=Acme\\, Inc.'],
    ['/whole', 'CN=alice,OU=Ops,O=Acme'],
    ['/pattern', 'CN=alice,O=Acme'],
  ])('gets into %s if the route requires it: %s', async (path, subject) => {
    expect(await sent(path, subject)).toMatchObject({ status: 200 })
  })
})
