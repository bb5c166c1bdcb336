import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import {
  createCa,
  type IssuedCert,
  type IssueOverrides,
  type TestCa,
  x509,
} from '@countersign/test-support/certificates'
import { opensslSubject } from '@countersign/test-support/openssl'
import { der, derName, type RawAttribute } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusalOf, refusedWith } from '../../test/support/expect-refusal.ts'
import { certificateLines, edgeFieldsOf, type HeaderChanges } from '../../test/support/header-lines.ts'
import type { ClientCert } from '../client-cert.ts'
import { readCertificateNames } from '../x509/certificate-names.ts'
import { readByteSequence } from './forwarded-cert.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { shareableCert } from './shareable-cert.ts'

let ca: TestCa
let issued: IssuedCert
beforeAll(async () => {
  ca = await createCa()
  issued = await ca.issue({ serialNumber: '00936eacbe07f201df', san: [{ type: 'dns', value: 'pay.acme.example' }] })
})

const parse = (changes: HeaderChanges = {}, of = issued) =>
  shareableCert(parseClientCert(edgeFieldsOf(certificateLines(of, changes))), undefined)
/** Without `Client-Cert`, so that nothing contradicts a changed header. */
const parseText = (changes: HeaderChanges) => parse({ 'client-cert': null, ...changes })
const malformed = (reason: string | RegExp) => refusedWith('CSN_HEADERS_MALFORMED', reason)

describe('parseClientCert', () => {
  it('has the same values as node:crypto for the same certificate', () => {
    const { x509, subject, issuer, ...cert } = parse()
    const { cert: expected } = issued
    expect(cert).toMatchObject({
      serialNumber: expected.serialNumber,
      fingerprint: expected.fingerprint,
      fingerprint256: expected.fingerprint256,
      validFrom: expected.validFrom,
      validFromDate: new Date(expected.validFrom),
      validTo: expected.validTo,
      validToDate: new Date(expected.validTo),
      subjectAltName: expected.subjectAltName,
      subjectAltNames: { dns: ['pay.acme.example'], email: [], uri: [], ip: [], upn: [], unread: [] },
      verified: true,
      verification: 'SUCCESS',
      revoked: false,
    })
    expect(x509?.fingerprint256).toBe(expected.fingerprint256)
    expect(String(subject)).toBe('CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US')
    expect(String(issuer)).toBe('CN=Acme Client CA,O=Acme,C=US')
    expect(cert.keyId).toMatch(/^[0-9A-F]{40}$/)
    expect(cert.issuerKeyId).toMatch(/^[0-9A-F]{40}$/)
  })

  it('has the same values without Client-Cert, except those of the certificate alone', () => {
    const ofTheCertificate = ['x509', 'subjectAltName', 'subjectAltNames', 'spki256', 'extendedKeyUsage'] as const
    const headers: Partial<ClientCert> = { ...parse({ 'client-cert': null }) }
    const whole: Partial<ClientCert> = { ...parse() }
    for (const name of ofTheCertificate) {
      expect(headers[name]).toBeUndefined()
      expect(whole[name]).toBeDefined()
    }
    const { raw } = headers
    for (const name of [...ofTheCertificate, 'raw'] as const) {
      delete headers[name]
      delete whole[name]
    }
    expect(JSON.stringify(headers)).toBe(JSON.stringify(whole))
    expect(raw).not.toHaveProperty('client-cert')
  })

  it('has the SPIFFE ID of a workload, and none of a CA or with two URIs', async () => {
    const uri = (value: string) => ({ type: 'url' as const, value })
    const id = uri('spiffe://acme.example/ns/prod')
    const idOf = async (overrides: IssueOverrides) => parse({}, await ca.issue(overrides)).spiffeId
    expect(await idOf({ san: [id, { type: 'dns', value: 'pay.acme.example' }] })).toBe(id.value)
    expect(await idOf({ san: [id, uri('https://acme.example/')] })).toBeUndefined()
    expect(await idOf({ san: [uri('spiffe://acme.example/../ns')] })).toBeUndefined()
    const signs = new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)
    expect(await idOf({ san: [id], extensions: [signs] })).toBeUndefined()
    expect(parse({}, await ca.issueCa({ san: [id] })).spiffeId).toBeUndefined()
    expect(parse().spiffeId).toBeUndefined()
  })

  it('has the digest of the public key, as node:crypto exports it', async () => {
    const key = issued.cert.publicKey.export({ format: 'der', type: 'spki' })
    expect(parse().spki256).toBe(createHash('sha256').update(key).digest('base64'))
    expect(parse({}, await ca.issue()).spki256).not.toBe(parse().spki256)
  })

  it('has the purposes of the key, frozen', async () => {
    const usage = new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, '1.2.3'])
    const { extendedKeyUsage } = parse({}, await ca.issue({ extensions: [usage] }))
    expect(extendedKeyUsage).toEqual(['clientAuth', '1.2.3'])
    expect(Object.isFrozen(extendedKeyUsage)).toBe(true)
    expect(parse().extendedKeyUsage).toEqual([])
    const unreadable = new x509.Extension('2.5.29.37', false, Uint8Array.of(0x30, 0))
    expect(parse({}, await ca.issue({ extensions: [unreadable] })).extendedKeyUsage).toBeUndefined()
  })

  it('shows its values to console.log', () => {
    const text = inspect(parse(), { depth: 0 })
    expect(text).toContain(`serialNumber: '${parse().serialNumber}'`)
    expect(text).not.toContain('Getter')
  })

  it('has the order of its type as JSON, and its values through a proxy and as a prototype', () => {
    const cert = parse()
    const json = JSON.stringify(cert)
    const first = ['subject', 'issuer', 'serialNumber', 'validFrom', 'validTo', 'keyId', 'issuerKeyId']
    expect(Object.keys(JSON.parse(json)).slice(0, first.length)).toEqual(first)
    const proxy = new Proxy(cert, {})
    expect(JSON.stringify(proxy)).toBe(json)
    expect(inspect(proxy)).toBe(inspect(cert))
    const heir: ClientCert = Object.create(cert)
    for (const name of Object.keys(cert) as (keyof ClientCert)[]) expect(heir[name]).toEqual(cert[name])
    const hidden = Object.getOwnPropertySymbols(cert).map(
      (symbol) => (cert as never as Record<symbol, unknown>)[symbol],
    )
    expect(hidden.map(Object.isFrozen)).toEqual([true])
  })

  it('has the headers as received, frozen, and without the Access token', () => {
    const fields = edgeFieldsOf([['cf-access-jwt-assertion', 'secret.token.here'], ...certificateLines(issued)])
    const cert = shareableCert(parseClientCert(fields), undefined)
    const { raw } = cert
    expect(Object.entries(raw)).toEqual(certificateLines(issued))
    expect(Object.isFrozen(raw)).toBe(true)
    expect(cert.raw).toBe(raw)
    expect(JSON.stringify(cert)).not.toContain('secret')
  })

  it('accepts every spelling of digits that Cloudflare has used', () => {
    const colons = (text: string) => text.toLowerCase().replace(/..(?=.)/g, '$&:')
    const { cert } = issued
    const spelled = parse({
      'x-cert-serial': '0000936EACBE07F201DF',
      'x-cert-finger': cert.fingerprint.replaceAll(':', ''),
      'x-cert-finger-256': cert.fingerprint256.toLowerCase(),
      'x-cert-ski': colons(parse().keyId as string),
      'x-cert-issuer-ski': colons(parse().issuerKeyId as string),
    })
    const { raw: _a, ...expected } = parse()
    const { raw: _b, ...actual } = spelled
    expect(JSON.stringify(actual)).toBe(JSON.stringify(expected))
  })

  it('accepts a day with one digit, padded or not', () => {
    for (const date of ['Dec  2 19:39:00 2018 GMT', 'Dec 2 19:39:00 2018 GMT', 'Dec 02 19:39:00 2018 GMT']) {
      expect(parseText({ 'x-cert-notbe': date }).validFromDate).toEqual(new Date('2018-12-02T19:39:00Z'))
    }
  })

  it('prefers the RFC 2253 form of a name, and reads the plain form if it is alone', () => {
    const both = { 'x-cert-subject-dn': 'CN=plain', 'x-cert-issuer-dn': 'CN=plain issuer' }
    const rfc2253 = { 'x-cert-subject-dn-2253': 'CN=rfc', 'x-cert-issuer-dn-2253': 'CN=rfc issuer' }
    expect(parseText({ ...both, ...rfc2253 })).toMatchObject({ subject: { CN: 'rfc' }, issuer: { CN: 'rfc issuer' } })
    const alone = { 'x-cert-subject-dn-2253': null, 'x-cert-issuer-dn-2253': null }
    expect(parseText({ ...both, ...alone })).toMatchObject({ subject: { CN: 'plain' }, issuer: { CN: 'plain issuer' } })
    const spaced = parseText({ ...alone, ...both, 'x-cert-subject-dn': 'CN=a, OU=b, O=Acme\\, Inc.' })
    expect(String(spaced.subject)).toBe('CN=a,OU=b,O=Acme\\, Inc.')
  })

  it('never reads the legacy form, which another name may read alike', () => {
    const changes: HeaderChanges = { 'x-cert-subject-dn-l': '/CN=admin', 'x-cert-issuer-dn-l': '/CN=root' }
    expect(parse(changes).subject.CN).toBe('pay-1')
    const none = { 'x-cert-subject-dn': null, 'x-cert-subject-dn-2253': null }
    expect(parseText({ ...changes, ...none }).subject.rdns).toEqual([])
  })

  it('accepts a certificate with an empty subject, which leaves no header', async () => {
    const empty = await ca.issue({ subject: derName() })
    expect(String(parse({}, empty).subject)).toBe('')
  })

  it('accepts a certificate without key identifiers', async () => {
    const bare = await ca.issue({ bare: true })
    expect(parse({ 'x-cert-issuer-ski': null }, bare)).toMatchObject({ keyId: undefined, issuerKeyId: undefined })
  })

  it('accepts a key identifier that only the header or only the certificate has', async () => {
    const bare = await ca.issue({ bare: true })
    expect(parse({ 'x-cert-ski': 'ab:cd' }, bare).keyId).toBe('ABCD')
    expect(parse({ 'x-cert-ski': null }).keyId).toBe(parse().keyId)
    expect(parseText({ 'x-cert-ski': null }).keyId).toBeUndefined()
  })
})

describe('parseClientCert refuses', () => {
  it.each(['x-cert-serial', 'x-cert-finger', 'x-cert-finger-256', 'x-cert-notbe', 'x-cert-notaf'])(
    'a certificate without %s',
    (name) => {
      expect(() => parse({ [name]: null })).toThrow(
        malformed(`${name} is missing although a certificate was presented`),
      )
    },
  )

  it('a certificate without issuer', () => {
    expect(() => parse({ 'x-cert-issuer-dn': null, 'x-cert-issuer-dn-2253': null })).toThrow(
      malformed('x-cert-issuer-dn is missing although a certificate was presented'),
    )
  })

  it.each([
    ['x-cert-serial', 'xyz'],
    ['x-cert-serial', '--1'],
    ['x-cert-serial', '-'],
    ['x-cert-serial', '0x1A'],
    ['x-cert-serial', '1A 2B'],
    ['x-cert-finger', 'ab'.repeat(19)],
    ['x-cert-finger', 'ab'.repeat(32)],
    ['x-cert-finger-256', 'ab'.repeat(20)],
    ['x-cert-finger-256', 'zz'.repeat(32)],
    ['x-cert-finger-256', `${'ab'.repeat(32)}, ${'ab'.repeat(32)}`],
    ['x-cert-ski', 'a:b'],
    ['x-cert-issuer-ski', 'ski'],
    ['x-cert-notbe', '2018-12-02T19:39:00Z'],
    ['x-cert-notaf', 'Feb 30 00:00:00 2030 GMT'],
    ['x-cert-notaf', 'Dec 22 19:39:00 2018'],
  ])('%s: %s', (name, value) => {
    expect(() => parseText({ [name]: value })).toThrow(malformed(new RegExp(`^${name}: `)))
  })

  it.each(['CN', 'CN=a,', 'CN=a\\', 'CN="a', '=a', 'CN=a\\GG', 'CN=\\C3', '/C=US/CN=x', 'undefined'])(
    'the subject %j',
    (dn) => {
      expect(() => parseText({ 'x-cert-subject-dn-2253': dn })).toThrow(malformed(/^x-cert-subject-dn: /))
    },
  )
})

describe('parseClientCert: Client-Cert', () => {
  const forwarded = (bytes: Uint8Array) => parse({ 'client-cert': `:${Buffer.from(bytes).toString('base64')}:` })
  const mismatch = (reason: string) =>
    refusedWith('CSN_CERT_MISMATCH', `Client-Cert does not match x-cert-finger-256: ${reason}`)
  const notOne = mismatch('not exactly one certificate in DER')
  const none = mismatch('not a certificate in DER')

  it('refuses a value that is not one byte sequence', () => {
    const base64 = issued.cert.raw.toString('base64')
    for (const text of [
      base64,
      `:${base64}`,
      `${base64}:`,
      '::',
      `:${base64}:;a=1`,
      `:${base64}:, :${base64}:`,
      ':a b:',
      ':-_:',
      ':AA:',
      ':AA=:',
      ':AAA:',
      ':AB==:',
      ':AAB=:',
      ':AAAA=:',
      ':AAAAA:',
      ':A===:',
    ]) {
      expect(() => parse({ 'client-cert': text })).toThrow(
        malformed('client-cert is not base64 between colons (RFC 9440)'),
      )
    }
  })

  it('reads base64 of every length in its one spelling', () => {
    for (let length = 1; length < 260; length += 1) {
      const base64 = Buffer.alloc(length, length).toString('base64')
      expect(readByteSequence(`:${base64}:`)).toBe(base64)
    }
  })

  it('refuses bytes that are not a certificate', () => {
    for (const bytes of [
      Buffer.from('junk'),
      Buffer.alloc(64),
      der(0x30, der(0x02, '\x01')),
      issued.cert.raw.subarray(0, -1),
    ]) {
      expect(() => forwarded(bytes)).toThrow(none)
    }
  })

  it('refuses PEM, which OpenSSL reads as well', () => {
    expect(() => forwarded(Buffer.from(issued.pem))).toThrow(notOne)
    expect(() => forwarded(Buffer.from(`junk\n${issued.pem}`))).toThrow(notOne)
  })

  it('refuses bytes after the certificate, another certificate included', async () => {
    const other = await ca.issue({ subject: 'CN=other' })
    for (const more of [Buffer.from([0]), Buffer.from('x'), other.cert.raw, issued.cert.raw]) {
      expect(() => forwarded(Buffer.concat([issued.cert.raw, more]))).toThrow(notOne)
    }
  })

  it('tells a certificate that it cannot read from bytes that something changed, by the fingerprint', async () => {
    const san = new x509.Extension('2.5.29.17', false, der(0x30, der(0x82, 'a.example')))
    const odd = await ca.issue({ extensions: [san, san] })
    // The right headers, and those of another certificate.
    const lines = { 'client-cert': `:${odd.cert.raw.toString('base64')}:` }
    const fingerprint = odd.cert.fingerprint256.replaceAll(':', '').toLowerCase()
    expect(() => parse({ ...lines, 'x-cert-finger-256': fingerprint })).toThrow(
      refusedWith(
        'CSN_CERT_UNREADABLE',
        'the certificate that Cloudflare verified cannot be read: the certificate has the extension 2.5.29.17 twice',
      ),
    )
    expect(() => parse(lines)).toThrow(mismatch('the certificate has the extension 2.5.29.17 twice'))
  })

  it('refuses every truncation and every changed byte, and never by another error', () => {
    const { raw } = issued.cert
    const unlike = /^Client-Cert does not match x-cert-finger-256/
    let readable = 0
    for (let at = 0; at < raw.length; at += 1) {
      expect(() => forwarded(raw.subarray(0, at))).toThrow(
        at === 0 ? malformed(/^client-cert is not base64/) : refusedWith('CSN_CERT_MISMATCH', unlike),
      )
      for (const bit of [0x01, 0x80]) {
        const changed = Buffer.from(raw)
        changed[at] = (changed[at] as number) ^ bit
        const { code, reason } = refusalOf(() => forwarded(changed))
        expect({ code, reason }).toEqual({ code: 'CSN_CERT_MISMATCH', reason: expect.stringMatching(unlike) })
        if (reason.startsWith('Client-Cert does not match x-cert-finger-256 (serial number ')) readable += 1
      }
    }
    // Most of a certificate is key and signature. With a change there it is still a certificate, and another one.
    expect(readable).toBeGreaterThan(raw.length)
  })

  /** The name of the certificate in `Client-Cert`, in a reason. */
  const OWN = () =>
    `(serial number ${issued.cert.serialNumber}, SHA-256 ${issued.cert.fingerprint256.replaceAll(':', '')}, subject CN=pay-1,OU=Ops,O=Acme\\, Inc.,C=US)`

  const OTHER: HeaderChanges = {
    'x-cert-finger-256': 'ab'.repeat(32),
    'x-cert-finger': 'ab'.repeat(20),
    'x-cert-serial': '01',
    'x-cert-subject-dn': 'CN=admin,OU=Ops,O=Acme\\, Inc.,C=US',
    'x-cert-issuer-dn': 'CN=Other CA',
    'x-cert-notbe': 'Jan  1 00:00:00 2020 GMT',
    'x-cert-notaf': 'Jan  1 00:00:00 2090 GMT',
    'x-cert-ski': 'ab'.repeat(20),
  }
  it.each(Object.keys(OTHER))('refuses another %s than the certificate’s', (name) => {
    const value = OTHER[name] ?? null
    const changes = name.endsWith('-dn') ? { [name]: value, [`${name}-2253`]: value } : { [name]: value }
    expect(() => parse(changes)).toThrow(
      refusedWith('CSN_CERT_MISMATCH', `Client-Cert does not match ${name} ${OWN()}`),
    )
  })

  it('refuses the headers of one certificate with another certificate of the same subject', async () => {
    const twin = await ca.issue()
    expect(() => parse({ 'client-cert': `:${twin.cert.raw.toString('base64')}:` })).toThrow(
      refusedWith('CSN_CERT_MISMATCH', /^Client-Cert does not match x-cert-finger-256/),
    )
  })

  it('refuses a subject with the same RDNs in another order', () => {
    const reversed = 'C=US,O=Acme\\, Inc.,OU=Ops,CN=pay-1'
    expect(() => parse({ 'x-cert-subject-dn-2253': reversed })).toThrow(
      refusedWith('CSN_CERT_MISMATCH', `Client-Cert does not match x-cert-subject-dn ${OWN()}`),
    )
  })

  const cn = (tag: number, text: string | Uint8Array): RawAttribute => ['550403', der(tag, text)]
  const SUBJECTS: [string, RawAttribute[][]][] = [
    ['a comma, a plus and quotes', [[cn(0x0c, 'a,b+"c"\\;<d>')]]],
    ['a hash, and spaces around', [[cn(0x0c, '#1 ')], [cn(0x0c, ' a ')]]],
    ['an emoji', [[cn(0x0c, Buffer.from('🔑'))]]],
    ['a NUL', [[cn(0x0c, 'good\0evil')]]],
    ['a line break', [[cn(0x0c, 'a\r\nX-Cert-Serial: 01')]]],
    ['an RDN with two attributes', [[cn(0x0c, 'a'), ['550405', der(0x13, '7')]]]],
    ['a BMPString', [[cn(0x1e, Buffer.from('Zoë', 'utf16le').swap16())]]],
    ['a T61String', [[cn(0x14, Buffer.from('Zoë', 'latin1'))]]],
    ['a type without a name', [[['2b06010401868d1f01', der(0x0c, Buffer.from('Zoë'))]]]],
    ['bytes', [[['55042d', der(0x03, '\0\x01')]]]],
  ]
  it.each(SUBJECTS)('agrees with a subject with %s as OpenSSL prints it', async (_, rdns) => {
    const odd = await ca.issue({ subject: derName(...rdns) })
    const { subject } = parse({ 'x-cert-subject-dn-2253': opensslSubject(odd.pem) }, odd)
    expect(subject.rdns.length).toBe(rdns.length)
  })

  const ODD: [what: string, rdns: RawAttribute[][], printed: string][] = [
    ['a type that OpenSSL knows and we do not', [[['2b0601', der(0x0c, 'x')]]], 'IANA=x'],
    ['uniqueIdentifier, which OpenSSL prints as uid', [[['0992268993f22c64012c', der(0x0c, '7')]]], 'uid=7'],
    ['Latin-1 in an IA5String', [[['2a864886f70d010901', der(0x16, 'zo\xeb@b')]]], 'emailAddress=zo\\C3\\AB@b'],
  ]

  it.each(ODD)('accepts a subject with %s, and takes it from the certificate', async (_, rdns, printed) => {
    const odd = await ca.issue({ subject: derName([cn(0x0c, 'pay-1')], ...rdns) })
    const text = opensslSubject(odd.pem)
    expect(text).toBe(`${printed},CN=pay-1`)
    const { subject } = parse({ 'x-cert-subject-dn': text, 'x-cert-subject-dn-2253': text }, odd)
    expect(subject.CN).toBe('pay-1')
    expect(subject.rdns).toEqual(readCertificateNames(odd.cert.raw).subject.rdns)
  })

  it('still refuses another value, and another attribute with a known type', async () => {
    const odd = await ca.issue({ subject: derName([cn(0x0c, 'pay-1')], [['2b0601', der(0x0c, 'x')]]) })
    for (const text of [
      'IANA=y,CN=pay-1',
      'IANA=x,CN=pay-2',
      'IANA=x,OU=pay-1',
      'CN=x,CN=pay-1',
      'IANA=x,CN=pay-1,O=a',
    ]) {
      const { code } = refusalOf(() => parse({ 'x-cert-subject-dn-2253': text }, odd))
      expect(code, text).toBe('CSN_CERT_MISMATCH')
    }
  })

  it.each(['uid', 'Mail'])('refuses the ambiguous type %s without the certificate', (type) => {
    for (const [name, changes] of [
      ['x-cert-subject-dn', { 'x-cert-subject-dn-2253': `${type}=7,CN=a` }],
      ['x-cert-issuer-dn', { 'x-cert-issuer-dn-2253': `CN=a+${type}=7` }],
    ] as const) {
      expect(() => parseText(changes)).toThrow(
        refusedWith(
          'CSN_CERT_UNREADABLE',
          `${name}: the type ${type} is ambiguous; let the Worker forward the certificate`,
        ),
      )
    }
  })

  it.each([
    ['85', '-7B'],
    ['FF7F', '-81'],
  ])('accepts the negative serial number %s as a minus sign and as bytes', async (bytes, printed) => {
    const negative = await ca.issue({ rawSerialNumber: Buffer.from(bytes, 'hex') })
    for (const text of [printed, bytes]) {
      expect(parse({ 'x-cert-serial': text }, negative).serialNumber).toBe(printed)
    }
    expect(parseText({ 'x-cert-serial': printed }).serialNumber).toBe(printed)
    expect(refusalOf(() => parse({ 'x-cert-serial': '7B' }, negative)).code).toBe('CSN_CERT_MISMATCH')
  })

  it('accepts the serial number zero and the year 0, as OpenSSL prints them', async () => {
    const rawValidity = der(0x30, der(0x18, '00000101000000Z'), der(0x18, '99991231235959Z'))
    const odd = await ca.issue({ rawSerialNumber: Uint8Array.of(0), rawValidity })
    const { serialNumber, validFrom, validFromDate, validTo } = parse({ 'x-cert-serial': '00' }, odd)
    expect([serialNumber, validFrom, validTo]).toEqual(['0', 'Jan  1 00:00:00 0 GMT', 'Dec 31 23:59:59 9999 GMT'])
    expect(validFromDate).toEqual(new Date('0000-01-01T00:00:00Z'))
    expect(parse({ 'x-cert-serial': '0' }, odd).serialNumber).toBe(odd.cert.serialNumber)
  })

  it('accepts alternative names that cannot be read, and marks their kinds', async () => {
    const names = [der(0x82, 'a.example'), der(0x82, Buffer.from('zoë.example')), der(0x87, Buffer.alloc(8))]
    const odd = await ca.issue({ extensions: [new x509.Extension('2.5.29.17', false, der(0x30, ...names))] })
    expect(parse({}, odd).subjectAltNames).toEqual({
      dns: ['a.example'],
      email: [],
      uri: [],
      ip: [],
      upn: [],
      unread: ['dns', 'ip'],
    })
  })
})
