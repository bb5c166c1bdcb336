import { X509Certificate } from 'node:crypto'
import { testKey } from '@countersign/test-support/test-key'
import { writeCaCert, writeClientCert } from '@countersign/test-support/write-certificate'
import { der, derName } from '@countersign/test-support/write-der'
import { describe, expect, it } from 'vitest'
import { readCertificateHead, readCertificateParts } from './certificate-parts.ts'
import { MAX_EXTENSIONS } from './extensions/read-extensions.ts'
import { formatSerialNumber } from './hex-identifier.ts'

const { spki, algorithms } = testKey()
const [ALGORITHM, OTHER] = [algorithms.sha256, algorithms.sha1]
const NAME = derName()
const VALIDITY = der(0x30, der(0x17, '260101000000Z'), der(0x17, '360101000000Z'))
const VERSION = der(0xa0, der(0x02, '\x02'))
const SERIAL = der(0x02, '\x01')
const SIGNATURE = der(0x03, Buffer.alloc(65))
const HEAD = [VERSION, SERIAL, ALGORITHM, NAME, VALIDITY, NAME, spki]
const NULL = der(0x05)

const signedPart = (...last: readonly Buffer[]) => der(0x30, ...HEAD, ...last)
const certificate = (signed: Buffer, ...rest: readonly Buffer[]) =>
  der(0x30, signed, ...(rest.length > 0 ? rest : [ALGORITHM, SIGNATURE]))
const extension = (oid: string, ...parts: readonly Buffer[]) => der(0x30, der(0x06, Buffer.from(oid, 'hex')), ...parts)
const VALUE = der(0x04, 'x')
const extensions = (...list: readonly Buffer[]) => der(0xa3, der(0x30, ...list))
const withExtensions = (...list: readonly Buffer[]) => certificate(signedPart(extensions(...list)))

describe('readCertificateParts', () => {
  it('reads the parts that node:crypto reads', () => {
    const ca = writeCaCert('root')
    const client = writeClientCert(ca)
    const { serialNumber, issuer, validity, subject, publicKey, extensions, algorithm } = readCertificateParts(
      client.der,
    )
    expect(serialNumber).toBe(client.cert.serialNumber)
    expect(validity).toEqual({
      notBefore: client.cert.validFromDate.getTime(),
      notAfter: client.cert.validToDate.getTime(),
    })
    expect(issuer.encoded).toEqual(derName([['550403', der(0x0c, 'root')]]))
    expect(subject.encoded).toEqual(derName([['550403', der(0x0c, 'client')]]))
    expect(publicKey).toEqual(client.cert.publicKey.export({ type: 'spki', format: 'der' }))
    expect(algorithm).toEqual(ca.key.algorithms.sha256)
    expect([...extensions].map(([oid, { critical }]) => [oid, critical])).toEqual([
      ['2.5.29.19', true],
      ['2.5.29.15', true],
      ['2.5.29.37', false],
      ['2.5.29.14', false],
      ['2.5.29.35', false],
    ])
    expect(extensions.get('2.5.29.15')?.value).toEqual(der(0x03, '\x07\x80'))
  })

  it('reads the head alone of a certificate as the whole of it, whatever follows', () => {
    const identified = signedPart(der(0x81, '\0a'), extensions(extension('2a0304', VALUE)))
    const versionOne = certificate(der(0x30, ...HEAD.slice(1)))
    const withoutKey = certificate(der(0x30, ...HEAD.slice(0, -1)), NULL)
    for (const bytes of [writeClientCert(writeCaCert('root')).der, certificate(identified), versionOne]) {
      const { serialNumber, issuer, validity, subject } = readCertificateParts(bytes)
      const { serial, ...head } = readCertificateHead(bytes)
      expect(head).toMatchObject({ issuer, validity, subject })
      expect(formatSerialNumber(serial)).toBe(serialNumber)
    }
    expect(readCertificateHead(withoutKey)).toEqual(readCertificateHead(certificate(signedPart())))
    const withoutSubject = certificate(der(0x30, ...HEAD.slice(0, -2)))
    expect(() => readCertificateHead(withoutSubject)).toThrow('the subject of the certificate is missing')
  })

  it('reads a certificate of version 1, and one with unique identifiers', () => {
    const first = certificate(der(0x30, ...HEAD.slice(1)))
    expect(readCertificateParts(first).extensions.size).toBe(0)
    const identified = signedPart(der(0x81, '\0a'), der(0x82, '\0b'), extensions(extension('2a0304', VALUE)))
    expect([...readCertificateParts(certificate(identified)).extensions.keys()]).toEqual(['1.2.3.4'])
  })

  it.each<[string, Buffer]>([
    ['no time', der(0x30)],
    ['one time', der(0x30, der(0x17, '260101000000Z'))],
    ['a value behind the times', der(0x30, der(0x17, '260101000000Z'), der(0x17, '360101000000Z'), NULL)],
    ['a time without seconds', der(0x30, der(0x17, '2601010000Z'), der(0x17, '360101000000Z'))],
    ['a day that no calendar has', der(0x30, der(0x17, '260101000000Z'), der(0x17, '360230000000Z'))],
  ])('states no validity for %s, and reads the other parts', (_what, validity) => {
    const parts = readCertificateParts(certificate(der(0x30, VERSION, SERIAL, ALGORITHM, NAME, validity, NAME, spki)))
    expect(parts.validity).toBeUndefined()
    expect(parts.serialNumber).toBe('01')
  })

  it.each([
    ['ff', true],
    ['01', true],
    ['00', false],
    ['', true],
    ['0000', true],
  ])('reads the flag critical from %j: all but one byte 0 counts as TRUE', (flag, critical) => {
    const bytes = withExtensions(extension('2a0304', der(0x01, Buffer.from(flag, 'hex')), VALUE))
    expect(readCertificateParts(bytes).extensions.get('1.2.3.4')).toEqual({ critical, value: Buffer.from('x') })
  })

  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), 'the certificate is missing'],
    ['a set', der(0x31), 'the certificate is missing'],
    [
      'a second certificate',
      Buffer.concat([certificate(signedPart()), certificate(signedPart())]),
      'bytes follow the certificate',
    ],
    ['no signed part', der(0x30), 'the signed part of the certificate is missing'],
    ['no algorithm', der(0x30, signedPart()), 'the signature algorithm of the certificate is missing'],
    ['no signature', certificate(signedPart(), ALGORITHM), 'the signature of the certificate is missing'],
    [
      'a value behind the signature',
      certificate(signedPart(), ALGORITHM, SIGNATURE, NULL),
      'bytes follow the signature of the certificate',
    ],
    ['two algorithms', certificate(signedPart(), OTHER, SIGNATURE), 'the certificate names two signature algorithms'],
    [
      'no serial number',
      certificate(der(0x30, VERSION, ...HEAD.slice(2))),
      'the serial number of the certificate is missing',
    ],
    [
      'an empty serial number',
      certificate(der(0x30, VERSION, der(0x02), ...HEAD.slice(2))),
      'the serial number of the certificate is empty',
    ],
    [
      'a padded serial number',
      certificate(der(0x30, VERSION, der(0x02, '\0\x01'), ...HEAD.slice(2))),
      'the serial number of the certificate is not in its shortest form',
    ],
    ['no issuer', certificate(der(0x30, ...HEAD.slice(0, 3))), 'the issuer of the certificate is missing'],
    ['no key', certificate(der(0x30, ...HEAD.slice(0, 6))), 'the public key of the certificate is missing'],
    [
      'two lists of extensions',
      certificate(signedPart(extensions(), extensions())),
      'the signed part of the certificate ends with an unknown value',
    ],
    [
      'an unknown value',
      certificate(signedPart(NULL)),
      'the signed part of the certificate ends with an unknown value',
    ],
    [
      'identifiers in another order',
      certificate(signedPart(der(0x82, '\0b'), der(0x81, '\0a'))),
      'the signed part of the certificate ends with an unknown value',
    ],
    [
      'no sequence of extensions',
      certificate(signedPart(der(0xa3))),
      'the sequence of the extensions of the certificate is missing',
    ],
    [
      'two sequences of extensions',
      certificate(signedPart(der(0xa3, der(0x30), der(0x30)))),
      'bytes follow the sequence of the extensions of the certificate',
    ],
    [
      'an extension that is a set',
      withExtensions(der(0x31)),
      'the certificate has an extension that is not a sequence',
    ],
    ['an extension without an OID', withExtensions(der(0x30, VALUE)), 'the OID of an extension is missing'],
    [
      'an extension without a value',
      withExtensions(extension('2a0304', der(0x01, '\xff'))),
      'the certificate has the extension 1.2.3.4 without a value',
    ],
    [
      'an extension with two flags',
      withExtensions(extension('2a0304', der(0x01, '\xff'), der(0x01, '\0'), VALUE)),
      'the certificate has the extension 1.2.3.4 without a value',
    ],
    [
      'an extension with two values',
      withExtensions(extension('2a0304', VALUE, VALUE)),
      'the certificate has the extension 1.2.3.4 with two values',
    ],
    [
      'a repeated extension',
      withExtensions(extension('2a0304', VALUE), extension('2a0304', VALUE)),
      'the certificate has the extension 1.2.3.4 twice',
    ],
    [
      'a length that is not in its shortest form',
      certificate(signedPart(Buffer.from('a382000430020500', 'hex'))),
      'a DER length is not in its shortest form',
    ],
  ])('refuses %s', (_what, bytes, message) => {
    expect(() => readCertificateParts(bytes)).toThrow(new SyntaxError(message))
  })

  it('limits the number of extensions', () => {
    const many = (count: number) =>
      withExtensions(
        ...Array.from({ length: count }, (_, at) => extension(`2a03${(at + 1).toString(16).padStart(2, '0')}`, VALUE)),
      )
    expect(readCertificateParts(many(MAX_EXTENSIONS)).extensions.size).toBe(100)
    expect(() => readCertificateParts(many(101))).toThrow(
      new SyntaxError('the certificate has more than 100 extensions'),
    )
  })

  it('refuses every truncation, also where OpenSSL is not asked before', () => {
    const { der: whole } = writeClientCert(writeCaCert('root'))
    expect(new X509Certificate(whole).raw).toEqual(whole)
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => readCertificateParts(whole.subarray(0, length)), `${length} bytes`).toThrow(SyntaxError)
    }
  })
})
