import { X509Certificate } from 'node:crypto'
import { createCa, type TestCa } from '@countersign/test-support/certificates'
import { der } from '@countersign/test-support/write-der'
import { beforeAll, describe, expect, it } from 'vitest'
import { createOpensslCa } from '../../test/support/openssl-ca.ts'
import { algorithm, type CrlParts, ECDSA_WITH_SHA256, writeCrl } from '../../test/support/write-crl.ts'
import { TAG } from '../x509/der.ts'
import { parseCrl } from './parse-crl.ts'

let ca: TestCa
beforeAll(async () => {
  ca = await createCa()
})

const NOTHING = Buffer.alloc(0)
const ECDSA_WITH_SHA1 = algorithm('2a8648ce3d0401')
const ECDSA_WITH_SHA384 = algorithm('2a8648ce3d040303')
const DELTA = der(TAG.OID, '\x55\x1d\x1b')
const UNKNOWN = der(TAG.OID, '\x2a\x03\x04')
const VALUE = der(TAG.OCTET_STRING, '\x05\x00')
const extension = (...parts: Buffer[]) => der(TAG.SEQUENCE, ...parts)

describe('parseCrl: form', () => {
  it.each<[string, CrlParts, string]>([
    ['version 1, which has no version field', { version: NOTHING }, 'the list is not of version 2'],
    ['version 1, written out', { version: der(TAG.INTEGER, '\0') }, 'the list is not of version 2'],
    ['version 3', { version: der(TAG.INTEGER, '\x02') }, 'the list is not of version 2'],
    ['a version that is not an integer', { version: der(TAG.BOOLEAN, '\x01') }, 'the list is not of version 2'],
    ['a list without nextUpdate', { nextUpdate: NOTHING }, 'not a time to the second in UTC'],
    [
      'an algorithm in the signed part that differs from the one beside the signature',
      { innerAlgorithm: ECDSA_WITH_SHA384 },
      'the list names two algorithms',
    ],
    [
      'a signature with SHA-1',
      { innerAlgorithm: ECDSA_WITH_SHA1, outerAlgorithm: ECDSA_WITH_SHA1 },
      'the signature algorithm 1.2.840.10045.4.1 is not RSA, ECDSA or EdDSA with SHA-2',
    ],
    ['a list without a signature', { signature: NOTHING }, 'the list is not signed'],
    [
      'a list without an algorithm and a signature',
      { outerAlgorithm: NOTHING, signature: NOTHING },
      'the list is not signed',
    ],
    [
      'a signature that is an octet string',
      { signature: der(TAG.OCTET_STRING, '\0', Buffer.alloc(64)) },
      'the signature is not a bit string',
    ],
    [
      'a signature with unused bits',
      { signature: der(TAG.BIT_STRING, '\x01', Buffer.alloc(64)) },
      'the signature is not a bit string',
    ],
    [
      'a signature that is not of this key',
      { signature: der(TAG.BIT_STRING, '\0', Buffer.alloc(64)) },
      'the signature does not verify with the key of the CA',
    ],
    [
      'an unknown critical extension',
      { extensions: [extension(UNKNOWN, der(TAG.BOOLEAN, '\xff'), VALUE)] },
      'the list has the extension 1.2.3.4, so this is not a complete list of one CA',
    ],
    [
      'a delta, even if the extension has only an identifier',
      { extensions: [extension(DELTA)] },
      'the list has the extension 2.5.29.27, so this is not a complete list of one CA',
    ],
  ])('refuses %s', async (_what, parts, message) => {
    await expect(parseCrl(writeCrl(ca, parts), ca.cert)).rejects.toThrow(new SyntaxError(message))
  })

  it.each([
    ['an empty list', der(TAG.SEQUENCE), 'the list is not signed'],
    ['an empty signed part', list(der(TAG.SEQUENCE)), 'the list is not of version 2'],
    [
      'a signed part that ends after the version',
      list(der(TAG.SEQUENCE, der(TAG.INTEGER, '\x01'))),
      'the list does not name an algorithm',
    ],
  ])('refuses %s', async (_what, bytes, message) => {
    await expect(parseCrl(bytes, ca.cert)).rejects.toThrow(new SyntaxError(message))
  })

  it('refuses an algorithm that the key of the CA does not have', async () => {
    const openssl = createOpensslCa('/CN=Ed25519', ['ED25519'])
    const cert = new X509Certificate(openssl.certificate)
    openssl.remove()
    await expect(parseCrl(writeCrl({ cert, sign: () => Buffer.alloc(64) }), cert)).rejects.toThrow(
      new SyntaxError('the signature does not verify with the key of the CA'),
    )
  })

  it('ignores an unknown extension that is written out as not critical', async () => {
    const extensions = [extension(UNKNOWN, der(TAG.BOOLEAN, '\0'), VALUE)]
    const { nextUpdate, serials } = await parseCrl(writeCrl(ca, { extensions }), ca.cert)
    expect(nextUpdate).toBe(Date.parse('2030-01-01T00:00:00Z'))
    expect(serials.size).toBe(0)
  })
})

function list(tbs: Buffer): Buffer {
  return der(TAG.SEQUENCE, tbs, ECDSA_WITH_SHA256, der(TAG.BIT_STRING, '\0'))
}
