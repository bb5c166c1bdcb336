import { createCa, type IssuedCert, type TestCa, x509 } from '@countersign/test-support/certificates'
import { derName } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { refusalOf, refusedWith } from '../../test/support/expect-refusal.ts'
import { certificateLines, edgeFieldsOf, fieldsFrom, rfc9440Lines } from '../../test/support/header-lines.ts'
import type { ClientCert } from '../client-cert.ts'
import type { EdgeFields } from '../read-headers.ts'
import { readCertificateNames } from '../x509/certificate-names.ts'
import { readCertificateParts } from '../x509/certificate-parts.ts'
import { readAuthorityKey } from '../x509/extensions/authority-key.ts'
import { parseClientCert } from './parse-client-cert.ts'
import { parseWholeCert } from './parse-whole-cert.ts'
import { shareableCert } from './shareable-cert.ts'

let ca: TestCa
let issued: IssuedCert
beforeAll(async () => {
  ca = await createCa()
  issued = await ca.issue({ serialNumber: '00936eacbe07f201df', san: [{ type: 'dns', value: 'pay.acme.example' }] })
})

const shared = (fields: EdgeFields) => shareableCert(parseClientCert(fields), undefined)
const parse = (of = issued) => shared(fieldsFrom('rfc9440', rfc9440Lines(of)))
const parseText = (clientCert: string) => parseClientCert(fieldsFrom('rfc9440', [['Client-Cert', clientCert]]))
const encode = (der: Uint8Array) => `:${Buffer.from(der).toString('base64')}:`
const withoutRaw = ({ raw, x509: whole, ...cert }: ClientCert) => ({ ...cert, der: whole?.raw.toString('hex') })

describe('parseClientCert of rfc9440', () => {
  it('has the same values as with the headers of the Worker, whose names differ only in raw', () => {
    const cert = parse()
    const workers = shared(edgeFieldsOf(certificateLines(issued)))
    expect(JSON.parse(JSON.stringify(withoutRaw(cert)))).toEqual(JSON.parse(JSON.stringify(withoutRaw(workers))))
    expect(cert).toMatchObject({ verified: true, verification: 'SUCCESS', revoked: false })
    expect(cert.validFromDate).toEqual(new Date(issued.cert.validFrom))
    expect(cert.validToDate).toEqual(new Date(issued.cert.validTo))
    expect(cert.raw).toEqual({ 'client-cert': encode(issued.cert.raw) })
    expect(Object.isFrozen(cert.raw)).toBe(true)
    expect(Object.isFrozen(cert.subjectAltNames?.dns)).toBe(true)
  })

  it('has the chain in raw, and never the token', () => {
    const lines = [['Cf-Access-Jwt-Assertion', 'a.b.c'] as const, ...rfc9440Lines(issued)]
    const cert = shared(fieldsFrom('rfc9440', [...lines, ['Client-Cert-Chain', encode(ca.cert.raw)]]))
    expect(cert.raw).toEqual({ 'client-cert': encode(issued.cert.raw), 'client-cert-chain': encode(ca.cert.raw) })
  })

  it('reads the key identifiers from the certificate', () => {
    const cert = parse()
    expect(cert.keyId).toBe(readCertificateNames(issued.cert.raw).subjectKeyId)
    expect(cert.issuerKeyId).toBe(readCertificateNames(ca.cert.raw).subjectKeyId)
    expect(cert.issuerKeyId).toMatch(/^[0-9A-F]{40}$/)
  })

  it('accepts a certificate without key identifiers, and one with an empty subject', async () => {
    expect(parse(await ca.issue({ bare: true }))).toMatchObject({ keyId: undefined, issuerKeyId: undefined })
    expect(String(parse(await ca.issue({ subject: derName() })).subject)).toBe('')
  })

  it('counts an authority key identifier that cannot be read as unknown', async () => {
    const odd = new x509.Extension('2.5.29.35', false, Uint8Array.of(0x04, 0x01, 0x00))
    const strange = await ca.issue({ bare: true, extensions: [odd] })
    expect(() => readAuthorityKey(readCertificateParts(strange.cert.raw))).toThrow(SyntaxError)
    expect(parse(strange).issuerKeyId).toBeUndefined()
  })

  it.each([
    ['not a byte sequence', 'MIIB', 'client-cert is not base64 between colons (RFC 9440)'],
    ['two byte sequences', ':AA==:, :AA==:', 'client-cert is not base64 between colons (RFC 9440)'],
    ['not DER', ':AAAA:', 'client-cert: not a certificate in DER'],
    ['PEM', encode(Buffer.from('-----BEGIN CERTIFICATE-----')), 'client-cert: not a certificate in DER'],
  ])('refuses a value that is %s', (_, value, reason) => {
    expect(() => parseText(value)).toThrow(refusedWith('CSN_HEADERS_MALFORMED', reason))
  })

  it('refuses a certificate with bytes behind it', () => {
    expect(() => parseText(encode(Buffer.concat([issued.cert.raw, issued.cert.raw])))).toThrow(
      refusedWith('CSN_HEADERS_MALFORMED', 'client-cert: not exactly one certificate in DER'),
    )
  })

  it('tells a certificate that Node reads and we do not from bytes that are none', async () => {
    const san = new x509.Extension('2.5.29.17', false, Uint8Array.of(0x30, 0x00))
    const twice = await ca.issue({ bare: true, extensions: [san, san] })
    expect(() => parse(twice)).toThrow(
      refusedWith(
        'CSN_CERT_UNREADABLE',
        'the certificate that Cloudflare verified cannot be read: the certificate has the extension 2.5.29.17 twice',
      ),
    )
  })

  it('never fails by another error, whatever byte is changed', () => {
    const der = issued.cert.raw
    for (let at = 0; at < der.length; at += 1) {
      const changed = Buffer.from(der)
      changed[at] = (changed[at] as number) ^ 0x21
      try {
        parseText(encode(changed))
      } catch (error) {
        expect(['CSN_HEADERS_MALFORMED', 'CSN_CERT_UNREADABLE']).toContain((error as { code: string }).code)
      }
    }
  })

  it('refuses fields without a certificate', () => {
    expect(refusalOf(() => parseWholeCert(fieldsFrom('rfc9440', [])))).toEqual({
      code: 'CSN_HEADERS_MALFORMED',
      reason: 'client-cert is not base64 between colons (RFC 9440)',
    })
  })
})
