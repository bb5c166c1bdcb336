import { createCa, type TestCa, x509 } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { readCertificateParts } from '../certificate-parts.ts'
import { parseKeyPurpose, readExtendedKeyUsage } from './extended-key-usage.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

/** The purposes in a certificate whose extension has this value; without one, of a certificate without the extension. */
async function read(value?: Uint8Array) {
  const extensions = value ? [new x509.Extension('2.5.29.37', false, Uint8Array.from(value))] : []
  return readExtendedKeyUsage(readCertificateParts((await ca.issue({ extensions })).cert.raw))
}

const oid = (contents: string) => der(0x06, Buffer.from(contents, 'hex'))
const CLIENT_AUTH = oid('2b06010505070302')

describe('readExtendedKeyUsage', () => {
  it.each([
    ['2b06010505070301', 'serverAuth'],
    ['2b06010505070302', 'clientAuth'],
    ['2b06010505070303', 'codeSigning'],
    ['2b06010505070304', 'emailProtection'],
    ['2b06010505070308', 'timeStamping'],
    ['2b06010505070309', 'OCSPSigning'],
    ['551d2500', 'anyExtendedKeyUsage'],
    ['2b0601040182371402 02'.replace(' ', ''), '1.3.6.1.4.1.311.20.2.2'],
    ['2b06010505070305', '1.3.6.1.5.5.7.3.5'],
  ])('reads %s as %s', async (contents, purpose) => {
    expect(await read(der(0x30, oid(contents)))).toEqual([purpose])
  })

  it('reads several in their order', async () => {
    expect(await read(der(0x30, oid('551d2500'), CLIENT_AUTH, CLIENT_AUTH))).toEqual([
      'anyExtendedKeyUsage',
      'clientAuth',
      'clientAuth',
    ])
  })

  it('returns none without the extension', async () => {
    expect(await read()).toEqual([])
  })

  it.each([
    ['an empty list, which RFC 5280 forbids', der(0x30)],
    ['nothing', Buffer.alloc(0)],
    ['two lists', Buffer.concat([der(0x30, CLIENT_AUTH), der(0x30, CLIENT_AUTH)])],
    ['a length that is not in its shortest form', Buffer.from('30810a06082b06010505070302', 'hex')],
    ['a purpose alone', CLIENT_AUTH],
    ['a set', der(0x31, CLIENT_AUTH)],
    ['a purpose that is text', der(0x30, CLIENT_AUTH, der(0x0c, 'clientAuth'))],
    ['a padded identifier', der(0x30, oid('2b8006010505070302'))],
    ['an identifier that is cut off', der(0x30, oid('2b060105050783'))],
  ])('cannot read %s', async (_what, value) => {
    expect(await read(value)).toBeUndefined()
  })
})

describe('parseKeyPurpose', () => {
  it.each([
    ['clientAuth', 'clientAuth'],
    ['OCSPSigning', 'OCSPSigning'],
    ['anyExtendedKeyUsage', 'anyExtendedKeyUsage'],
    ['1.3.6.1.5.5.7.3.2', 'clientAuth'],
    ['2.5.29.37.0', 'anyExtendedKeyUsage'],
    ['1.3.6.1.4.1.311.20.2.2', '1.3.6.1.4.1.311.20.2.2'],
    ['0.9.2342', '0.9.2342'],
    ['1.39.0', '1.39.0'],
    ['2.999.10', '2.999.10'],
  ])('reads %s as %s', (text, purpose) => {
    expect(parseKeyPurpose(text)).toBe(purpose)
  })

  it.each([
    'id-kp-clientAuth',
    'OID.1.3.6.1',
    '1',
    '1.3',
    '1.40.1',
    '3.1.1',
    '1.3.06',
    '2.05.1',
    '1.3.6.',
    '1.3..6',
    '.1.3.6',
    'x1.3.6',
    'toString',
    'auth',
    '',
  ])('throws SyntaxError for %s, which no certificate has', (text) => {
    expect(() => parseKeyPurpose(text)).toThrow(
      new SyntaxError(
        'unknown purpose; write serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, anyExtendedKeyUsage, or a dotted OID such as "1.3.6.1.4.1.311.20.2.2"',
      ),
    )
  })

  it.each([
    ['clientauth', 'clientAuth'],
    ['ClientAuth', 'clientAuth'],
    ['clientAuth ', 'clientAuth'],
    ['client_auth', 'clientAuth'],
    ['TLS Web Client Authentication', 'clientAuth'],
    ['Server Authentication', 'serverAuth'],
    ['E-mail Protection', 'emailProtection'],
    ['ocspSigning', 'OCSPSigning'],
  ])('proposes the name that %j probably means', (text, name) => {
    expect(() => parseKeyPurpose(text)).toThrow(new SyntaxError(`unknown purpose; write "${name}"`))
  })
})
