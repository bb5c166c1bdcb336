import type { IssuedCert, TestCa } from '@countersign/test-support/certificates'
import { beforeAll, describe, expect, it } from 'vitest'
import { CA_DN, compileIssuers, createIssuers } from '../../test/support/issuers.ts'
import type { HeaderSourceName } from '../header-source.ts'
import { compileTrustedIssuers } from './trusted-issuers.ts'

let ca: TestCa
let namesake: TestCa
let stranger: TestCa
let issued: IssuedCert
let keyId: string

beforeAll(async () => {
  ;({ ca, namesake, stranger, issued, keyId } = await createIssuers())
})

function faultOf(issuers: unknown, source?: HeaderSourceName): string {
  try {
    compileTrustedIssuers(issuers, () => {}, source)
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError)
    return (error as TypeError).message
  }
  return expect.fail('accepted')
}

describe('compileTrustedIssuers', () => {
  it('trusts every CA for null, and for nothing else', () => {
    expect(compileTrustedIssuers(null, () => {})).toBeNull()
    const message = /^trustedIssuers must list at least one CA; .*or null to trust every CA/
    for (const none of [undefined, [], true, 0]) expect(faultOf(none)).toMatch(message)
  })

  it('names the brackets that are missing around one CA', () => {
    for (const one of [{}, { dn: CA_DN }]) {
      expect(faultOf(one)).toMatch(/^trustedIssuers must be a list; write it in brackets: /)
    }
  })

  it('names the brackets that are missing around a PEM', () => {
    expect(faultOf(ca.pem)).toBe(
      'trustedIssuers must be a list; write it in brackets: [readFileSync("client-ca.pem", "utf8")]',
    )
  })

  it.each([
    [undefined, 'the CA is undefined'],
    [{ ca: undefined }, 'ca is undefined'],
    [{ dn: undefined }, 'dn is undefined'],
    [{ keyId: undefined }, 'keyId is undefined'],
    [{ revocation: { crl: undefined } }, 'revocation.crl is undefined'],
  ])('names the unset variable of %o', (given, fault) => {
    const issuer = given && 'revocation' in given ? { ca: ca.pem, ...given } : given
    expect(faultOf([issuer])).toContain(`trustedIssuers[0]: ${fault}; set the environment variable that it comes from`)
  })

  it('names the place of the fault in the list', () => {
    expect(faultOf([ca.pem, 'CN=x'])).toMatch(/^trustedIssuers\[1\]: /)
  })

  it.each([
    '',
    'CN=Acme Client CA',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----',
  ])('refuses the text "%s", which contains no certificate', (text) => {
    expect(faultOf([text])).toBe(
      'trustedIssuers[0]: the text does not contain a PEM certificate; read it with readFileSync(path, "utf8"), or write { dn: "CN=…" }',
    )
  })

  it.each<[string, (pem: string) => string]>([
    ['without a certificate in it', () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['on one line', (pem) => pem.replaceAll('\n', '')],
    ['with spaces in place of line breaks, as a variable of a shell has it', (pem) => pem.replaceAll('\n', ' ')],
    ['with indented lines, as in YAML', (pem) => pem.replaceAll('\n', '\n  ')],
  ])('refuses a PEM block %s, in words of its own', (_form, change) => {
    const message =
      'trustedIssuers[0]: the PEM certificate cannot be read; check that it is whole and that its lines are separate and not indented, or read it from a file'
    expect(faultOf([change(ca.pem)])).toBe(message)
    expect(faultOf([{ ca: change(ca.pem) }])).toBe(message)
  })

  it('compiles every certificate of a text, and refuses a text that is cut off', () => {
    const bundle = `# Acme\n${stranger.pem}\n\nsome words\r\n${ca.pem.replaceAll('\n', '\r\n')}`
    expect(compileIssuers(bundle).map(({ byName }) => byName)).toEqual([false, false])
    const cutOff = bundle.slice(0, bundle.lastIndexOf('-----END'))
    for (const text of [cutOff, `${ca.pem}-----BEGIN CERTIFI`, `${ca.pem}-----BEGIN`, `${ca.pem}-----END`]) {
      expect(() => compileIssuers(text)).toThrow('contains a PEM certificate that is cut off')
    }
  })

  it('refuses PEM blocks next to a certificate that it would pass over', () => {
    const block = (label: string) => `${ca.pem}-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`
    for (const label of ['X509 CERTIFICATE', 'TRUSTED CERTIFICATE', 'CERTIFICATE REQUEST', 'X509 CRL']) {
      expect(() => compileIssuers(block(label))).toThrow(
        `the text contains a PEM block "${label}"; write blocks "CERTIFICATE" alone`,
      )
    }
    const message =
      'the text contains a private key; write the certificate alone, and keep the key of the CA away from the origin'
    for (const label of ['PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']) {
      for (const text of [block(label), block(label).replace(ca.pem, '')]) {
        expect(() => compileIssuers(text)).toThrow(message)
      }
    }
  })

  it('trusts a CA by name next to its own revocation list', () => {
    const [issuer] = compileIssuers({ ca: ca.pem, byName: true, revocation: { crl: async () => Buffer.alloc(0) } })
    expect([issuer?.byName, issuer?.revocation !== undefined]).toEqual([true, true])
  })

  it('trusts by name for a name, for a key identifier, and for a ca with byName: true', () => {
    const byName = (issuer: unknown) => compileIssuers(issuer)[0]?.byName
    expect([{ dn: CA_DN }, { keyId }, { dn: CA_DN, keyId }, { ca: ca.pem, byName: true }].map(byName)).toEqual(
      Array(4).fill(true),
    )
    expect(
      [ca.pem, { ca: ca.pem }, { ca: ca.pem, byName: false }, { ca: ca.pem, dn: CA_DN, keyId }].map(byName),
    ).toEqual(Array(4).fill(false))
  })

  it('refuses a second entry that trusts a CA in PEM by name, which would make its signature optional', () => {
    const same = (at: number) =>
      `trustedIssuers[${at}] trusts a CA by name that is also listed in PEM; remove it, or write { ca, byName: true } alone`
    expect(faultOf([ca.pem, { dn: CA_DN }])).toBe(same(1))
    expect(faultOf([{ dn: CA_DN }, stranger.pem, ca.pem])).toBe(same(0))
    expect(faultOf([`${stranger.pem}\n${ca.pem}`, { keyId }])).toBe(same(1))
    expect(faultOf([{ ca: ca.pem }, { dn: CA_DN, keyId }])).toBe(same(1))
    expect(faultOf([ca.pem, { ca: ca.pem, byName: true }])).toBe(same(1))
    // These are other CAs.
    expect(compileIssuers(ca.pem, { dn: 'CN=x' }, { dn: CA_DN, keyId: 'ABCD' }, { dn: 'CN=x', keyId })).toHaveLength(4)
    expect(compileIssuers(ca.pem, { keyId: 'ABCD' }, { ca: namesake.pem, byName: true })).toHaveLength(3)
    expect(compileIssuers({ dn: CA_DN }, { keyId }, { ca: ca.pem, byName: true })).toHaveLength(3)
    expect(compileIssuers(ca.pem, { ca: ca.pem })).toHaveLength(2)
  })

  it('refuses a CA whose key cannot be read', () => {
    const P256 = Buffer.from('2a8648ce3d030107', 'hex')
    const raw = Buffer.from(ca.cert.raw)
    // An unknown curve.
    raw[raw.indexOf(P256) + P256.length - 1] = 0x7f
    const pem = `-----BEGIN CERTIFICATE-----\n${raw.toString('base64')}\n-----END CERTIFICATE-----`
    expect(faultOf([pem])).toBe(
      'trustedIssuers[0]: the public key of the CA cannot be read; use a CA with a key of a type that Node supports',
    )
  })

  it("refuses the client's own certificate, which signs nothing", () => {
    const message = /^trustedIssuers\[0\]: the certificate is not that of a CA/
    expect(faultOf([issued.pem])).toMatch(message)
    expect(faultOf([`${ca.pem}\n${issued.pem}`])).toMatch(message)
    expect(faultOf([{ ca: issued.pem }])).toMatch(message)
  })

  it.each([
    ['null', null, /./],
    ['a number', 7, /./],
    ['a list', [], /./],
    ['a Buffer of PEM', Buffer.from('-----BEGIN CERTIFICATE-----'), /./],
    ['nothing said', {}, /write \{ ca \}/],
    ['an unknown key', { dn: CA_DN, keyID: 'AB' }, /keyID/],
    ['an empty name', { dn: '' }, /dn must be a name such as/],
    ['a name that is none', { dn: 'Acme' }, /./],
    ['a name that is no text', { dn: [CA_DN] }, /dn must be a name such as/],
    ['an empty key identifier', { keyId: '' }, /hexadecimal/],
    ['a key identifier that is none', { keyId: 'keyid:AB' }, /./],
    ['a key identifier that is no text', { keyId: 7 }, /keyId must be hexadecimal text/],
    ['a key identifier that is not hexadecimal', { keyId: 'zz' }, /^trustedIssuers\[0\]: keyId must be hexadecimal/],
    ['a ca that is no PEM', { ca: 'x' }, /the text does not contain a PEM certificate/],
    ['a ca that is no text', { ca: 7 }, /ca must be one certificate in PEM/],
    ['byName without ca', { dn: CA_DN, byName: true }, /byName belongs to ca; remove it, because dn and keyId alone/],
    ['byName: false without ca', { dn: CA_DN, byName: false }, /byName belongs to ca; remove it/],
    [
      'a revocation list without ca',
      { dn: CA_DN, revocation: {} },
      /ca is missing; write the PEM certificate whose key signs the revocation list/,
    ],
  ])('refuses %s', (_what, issuer, message) => {
    expect(faultOf([issuer])).toMatch(/^trustedIssuers\[0\]: /)
    expect(faultOf([issuer])).toMatch(message)
  })

  it('refuses a ca of two certificates, and one with the name or identifier of another', () => {
    expect(faultOf([{ ca: `${ca.pem}\n${stranger.pem}` }])).toBe('trustedIssuers[0]: ca must be one certificate in PEM')
    const message = 'trustedIssuers[0]: dn and keyId do not match ca; remove them'
    expect(faultOf([{ ca: ca.pem, dn: 'CN=x' }])).toBe(message)
    expect(faultOf([{ ca: namesake.pem, keyId }])).toBe(message)
    expect(compileIssuers({ ca: ca.pem, dn: CA_DN, keyId })).toHaveLength(1)
    for (const byName of ['true', 1, null, 'yes']) {
      expect(faultOf([{ ca: ca.pem, byName }])).toBe('trustedIssuers[0]: byName must be true or false')
    }
  })
})

describe('compileTrustedIssuers of another source', () => {
  const compile = (issuers: unknown, source: HeaderSourceName) => compileTrustedIssuers(issuers, () => {}, source)

  it('refuses a CA in PEM with cf-cert, which sends no certificate to verify', () => {
    const fault = (at: number) =>
      `trustedIssuers[${at}] is a CA in PEM, and source: "cf-cert" sends no certificate whose signature could be verified; write { ca, byName: true }, or use source: "rfc9440"`
    expect(faultOf([ca.pem], 'cf-cert')).toBe(fault(0))
    expect(faultOf([{ ca: ca.pem }], 'cf-cert')).toBe(fault(0))
    expect(faultOf([{ ca: ca.pem, byName: false }], 'cf-cert')).toBe(fault(0))
    expect(faultOf([{ dn: 'CN=Other' }, ca.pem + stranger.pem], 'cf-cert')).toBe(fault(1))
  })

  it('refuses a root with chain with cf-cert, and advises no option that chain excludes', () => {
    expect(faultOf([{ ca: ca.pem, chain: { maxDepth: 1 } }], 'cf-cert')).toBe(
      'trustedIssuers[0].chain needs every certificate of a path, and source: "cf-cert" sends none; write { ca, byName: true } for each CA that issues client certificates, or use source: "rfc9440"',
    )
  })

  it('accepts trust by name with cf-cert', () => {
    expect(compile(null, 'cf-cert')).toBeNull()
    expect(compile([{ ca: ca.pem, byName: true }, { dn: 'CN=Other' }, { keyId: 'AB' }], 'cf-cert')).toHaveLength(3)
  })

  it('refuses a name or a key identifier without a CA with rfc9440, because a client can claim both', () => {
    for (const named of [{ dn: 'CN=Other' }, { keyId: 'AB:CD' }, { dn: 'CN=Other', keyId: 'ABCD' }]) {
      expect(faultOf([ca.pem, named], 'rfc9440')).toBe(
        'trustedIssuers[1] trusts a name, and with source: "rfc9440" every request contains the certificate, whose signature only a CA in PEM can verify; write the PEM of the CA',
      )
    }
  })

  it('refuses byName next to a CA with rfc9440, where it would have no effect', () => {
    expect(faultOf([stranger.pem, { ca: ca.pem, byName: true }], 'rfc9440')).toBe(
      'trustedIssuers[1].byName has no effect with source: "rfc9440", because every request contains the certificate; remove it',
    )
    expect(compile(null, 'rfc9440')).toBeNull()
    expect(compile([ca.pem, { ca: stranger.pem, byName: false }], 'rfc9440')).toHaveLength(2)
  })

  it('accepts all of them with the Worker', () => {
    for (const issuer of [ca.pem, { ca: ca.pem, byName: true }, { dn: CA_DN }]) {
      expect(compile([issuer], 'worker')).toHaveLength(1)
    }
  })
})
