import { sign } from 'node:crypto'
import {
  type CertificateSpec,
  type WrittenCertificate,
  writeCaCert,
  writeClientCert,
} from '@countersign/test-support/write-certificate'
import { der } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { extension, writeCrl } from '../../test/support/write-crl.ts'
import { compileTrustedIssuers, revocationsOf } from './trusted-issuers.ts'

const DAY = 86_400_000
const root = writeCaCert('root')
const sub = writeCaCert('sub', root)
const low = writeCaCert('low', sub)
const crl = async () => Buffer.from('')

const withChain = (chain: unknown, more: object = {}) => [{ ca: root.pem, chain, ...more }]

function compile(issuers: unknown) {
  const reports: string[] = []
  const compiled = compileTrustedIssuers(issuers, (reason) => void reports.push(reason)) ?? []
  return { compiled, reports }
}

function faultOf(issuers: unknown): string {
  try {
    compile(issuers)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as TypeError).message
  }
  return expect.fail('accepted')
}

const chainFault = (chain: unknown) => faultOf(withChain(chain)).replace(/^trustedIssuers\[0\]: /, '')
const WRITE = 'write the number of intermediates between the root and a client certificate, such as 1'

describe('the option chain', () => {
  it('makes the CA a root', () => {
    for (const maxDepth of [1, 9]) {
      const [entry] = compile(withChain({ maxDepth })).compiled
      expect(entry?.chain?.anchor.maxDepth).toBe(maxDepth)
      expect(entry?.chain?.anchor.root.x509.fingerprint256).toBe(root.cert.fingerprint256)
      expect(entry?.byName).toBe(false)
    }
    expect(compile(withChain({ maxDepth: 1 }, { byName: false, dn: 'CN=root' })).compiled).toHaveLength(1)
  })

  it('needs the number of intermediates', () => {
    expect(chainFault({})).toBe(`chain.maxDepth is missing; ${WRITE}`)
    for (const maxDepth of [0, 10, 1.5, -1, '2', null, Number.NaN]) {
      expect(chainFault({ maxDepth })).toBe(`chain.maxDepth must be a whole number from 1 to 9; ${WRITE}`)
    }
    expect(chainFault({ maxDepth: undefined })).toMatch(/^chain\.maxDepth is undefined; set the environment variable/)
  })

  it.each([
    [true, 'chain must be an object; write { maxDepth: 1 } for one intermediate below the root'],
    [2, 'chain must be an object; write { maxDepth: 1 } for one intermediate below the root'],
    [null, 'chain must be an object; write { maxDepth: 1 } for one intermediate below the root'],
    [{ maxDepth: 1, depth: 1 }, 'chain: unknown option "depth"; known options are maxDepth, revocation'],
    [{ maxDepth: 1, revocation: undefined }, 'chain: option "revocation" is undefined; set a value or remove it'],
  ])('refuses %j', (chain, message) => {
    expect(chainFault(chain)).toBe(message)
  })

  it('needs ca, and no other way to trust it', () => {
    expect(faultOf([{ dn: 'CN=root', chain: { maxDepth: 1 } }])).toBe(
      'trustedIssuers[0]: ca is missing; write the PEM certificate of the root of the chain',
    )
    expect(faultOf(withChain({ maxDepth: 1 }, { byName: true }))).toBe(
      'trustedIssuers[0]: byName: true excludes chain, which needs every certificate of a path; remove one of the two',
    )
    const twice = (at: number) =>
      `trustedIssuers[${at}] is a root with chain that is also listed elsewhere; remove the other entry`
    const chain = { maxDepth: 1 }
    expect(faultOf([root.pem, ...withChain(chain)])).toBe(twice(1))
    expect(faultOf([...withChain(chain), { ca: root.pem }])).toBe(twice(0))
    expect(faultOf([...withChain(chain), ...withChain({ maxDepth: 2 })])).toBe(twice(0))
    expect(faultOf([...withChain(chain), { dn: 'CN=root' }])).toMatch(/^trustedIssuers\[1\] trusts a CA by name/)
    const renewed = writeCaCert('root', undefined, { key: root.key })
    expect(faultOf([...withChain(chain), renewed.pem])).toBe(twice(0))
    expect(compile([...withChain(chain), { ca: renewed.pem, chain }]).compiled).toHaveLength(2)
    expect(compile([...withChain(chain), sub.pem, writeCaCert('root').pem]).compiled).toHaveLength(3)
  })

  it.each<[string, Partial<CertificateSpec>, string]>([
    [
      'for servers',
      { extendedKeyUsage: ['serverAuth'] },
      'it is not for TLS clients: its extended key usage does not contain clientAuth',
    ],
    [
      'with name constraints',
      { extensions: [{ oid: '551d1e', value: der(0x30, der(0xa0, der(0x30, der(0x82, 'acme.example')))) }] },
      'it has name constraints, which the plugin does not enforce',
    ],
    [
      'with an unknown critical extension',
      { extensions: [{ oid: '2a0304', critical: true, value: der(0x05) }] },
      'it has a critical extension that the plugin does not know: 1.2.3.4',
    ],
  ])('refuses a root %s', (_what, spec, fault) => {
    expect(faultOf([{ ca: writeCaCert('root', undefined, spec).pem, chain: { maxDepth: 1 } }])).toBe(
      `trustedIssuers[0]: ca cannot be the root of a chain: ${fault}; write a root without this fault`,
    )
  })

  it('reports a root that is not valid now', () => {
    const old = writeCaCert('root', undefined, { notAfter: new Date(Date.now() - DAY / 2) })
    const { validFrom, validTo } = old.cert
    expect(compile([{ ca: old.pem, chain: { maxDepth: 1 } }]).reports).toEqual([
      `trustedIssuers: the root CN=root is valid from ${validFrom} to ${validTo}, so its chains are refused now`,
    ])
    expect(compile(withChain({ maxDepth: 1 })).reports).toEqual([])
  })
})

describe('the option chain.revocation', () => {
  const listFault = (ca: unknown, more: object = { crl }, maxDepth = 2) =>
    chainFault({ maxDepth, revocation: [{ ca, ...more }] }).replace(/^chain\.revocation\[0\]: /, '')

  it('has one list for each intermediate', () => {
    const revocation = [
      { ca: sub.pem, crl },
      { ca: low.pem, crl },
    ]
    const issuers = [{ ca: root.pem, chain: { maxDepth: 2, revocation }, revocation: { crl } }]
    expect(revocationsOf(compile(issuers).compiled)).toHaveLength(3)
  })

  it('accepts a list of CA certificates alone where it stands above other CAs', async () => {
    const onlyCas = extension('551d1c', der(0x30, der(0x82, '\xff')), { critical: true })
    const listOf = ({ cert, key }: WrittenCertificate) => {
      const signer = { cert, sign: (bytes: Uint8Array) => sign('sha256', bytes, key.privateKey) }
      const dates = { thisUpdate: der(0x17, '260101000000Z'), nextUpdate: der(0x17, '490101000000Z') }
      return async () => writeCrl(signer as Parameters<typeof writeCrl>[0], { ...dates, extensions: [onlyCas] })
    }
    const below = [{ ca: sub.pem, crl: listOf(sub) }]
    const starts = async (issuer: unknown) => {
      const lists = revocationsOf(compile([issuer]).compiled)
      try {
        for (const list of lists) await list.start()
        return true
      } catch (error) {
        expect((error as Error).message).toMatch(/the list contains only CA certificates; write the list of the client/)
        return false
      } finally {
        for (const list of lists) list.stop()
      }
    }
    const revocation = { crl: listOf(root) }
    expect(await starts({ ca: root.pem, revocation, chain: { maxDepth: 1 } })).toBe(true)
    expect(await starts({ ca: root.pem, revocation })).toBe(false)
    expect(await starts({ ca: root.pem, chain: { maxDepth: 1, revocation: below } })).toBe(false)
    expect(await starts({ ca: root.pem, chain: { maxDepth: 2, revocation: below } })).toBe(true)
  })

  it.each([[], {}, null, 'http://ca.example/sub.crl'].map((each) => [each]))('refuses %j', (revocation) => {
    expect(chainFault({ maxDepth: 1, revocation })).toBe(
      'chain.revocation must be a list of { ca, crl }; write one for each intermediate CA, or remove it',
    )
  })

  it('needs the PEM of the CA, and checks each option as that of the root', () => {
    expect(chainFault({ maxDepth: 1, revocation: ['x'] })).toBe('chain.revocation[0]: it must be an object')
    expect(listFault(undefined)).toBe('ca must be one certificate in PEM')
    expect(listFault(Buffer.from(sub.pem))).toMatch(/^the CA is bytes, not text/)
    expect(listFault(sub.pem, { crl, refersh: 1 })).toMatch(/^revocation: unknown option "refersh"/)
    expect(listFault(sub.pem, {})).toMatch(/^revocation\.crl must be a path/)
    expect(listFault(writeCaCert('sub', root, { keyUsage: ['keyCertSign'] }).pem)).toMatch(/lacks cRLSign/)
  })

  it('refuses a list that would never be asked', () => {
    const foreign = 'ca is not below the root CN=root; write an intermediate that this root issued'
    const namesake = writeCaCert('root')
    expect(listFault(root.pem)).toBe('ca is the root; write its list as the option revocation next to ca')
    expect(listFault(writeCaCert('sub', namesake).pem)).toBe(foreign)
    expect(listFault(low.pem, { crl }, 1)).toBe(foreign)
    expect(listFault(namesake.pem)).toBe(foreign)
    expect(listFault(writeCaCert('sub', root, { extendedKeyUsage: ['serverAuth'] }).pem)).toMatch(
      /^ca cannot be part of a chain: it is not for TLS clients: .*; write an intermediate without this fault$/,
    )
    expect(listFault(writeCaCert('sub', root, { digest: 'sha1' }).pem)).toMatch(
      /^ca cannot be part of a chain: it is signed/,
    )
  })

  it('refuses a second list of one CA, and an entry that trusts this CA by name', () => {
    const list = { ca: sub.pem, crl }
    expect(chainFault({ maxDepth: 1, revocation: [list, list] })).toBe(
      'chain.revocation[1]: ca is listed twice; remove one of the two',
    )
    const chain = { maxDepth: 1, revocation: [list] }
    expect(faultOf([...withChain(chain), { dn: 'CN=sub' }])).toBe(
      'trustedIssuers[1] trusts a CA by name that is also listed in PEM; remove it, or write { ca, byName: true } alone',
    )
  })
})

// A client's certificate is not a CA's.
describe('a CA in PEM', () => {
  it('must be that of a CA in both places', () => {
    const client: WrittenCertificate = writeClientCert(root)
    expect(faultOf([{ ca: client.pem, chain: { maxDepth: 1 } }])).toMatch(/is not that of a CA/)
    expect(chainFault({ maxDepth: 1, revocation: [{ ca: client.pem, crl }] })).toMatch(/is not that of a CA/)
  })
})
