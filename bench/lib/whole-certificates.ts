import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { der } from '@countersign/test-support/write-der'

/** A CA that issues certificates of the size and with the extensions that CAs in use write. */
export interface WholeCa {
  readonly ca: X509Certificate
  /** The certificate of client `n` in DER: about 800 bytes. */
  readonly certificateOf: (n: number) => Buffer
}

const OID = {
  CN: '550403',
  C: '550406',
  O: '55040a',
  OU: '55040b',
  BASIC_CONSTRAINTS: '551d13',
  KEY_USAGE: '551d0f',
  EXTENDED_KEY_USAGE: '551d25',
  SUBJECT_KEY_ID: '551d0e',
  AUTHORITY_KEY_ID: '551d23',
  SUBJECT_ALT_NAME: '551d11',
  CLIENT_AUTH: '2b06010505070302',
  ECDSA_SHA256: '2a8648ce3d040302',
} as const

const text = (tag: number, value: string) => der(tag, Buffer.from(value, 'latin1'))
const hex = (digits: string) => Buffer.from(digits, 'hex')
const oid = (digits: string) => der(0x06, hex(digits))
const ECDSA_SHA256 = der(0x30, oid(OID.ECDSA_SHA256))
const VALIDITY = der(0x30, text(0x17, '260105000000Z'), text(0x17, '490105000000Z'))

const attribute = (type: string, value: Buffer) => der(0x31, der(0x30, oid(type), value))
const nameOf = (unit: string, commonName: string) =>
  der(
    0x30,
    attribute(OID.C, text(0x13, 'DE')),
    attribute(OID.O, text(0x0c, 'Acme Payments GmbH')),
    attribute(OID.OU, text(0x0c, unit)),
    attribute(OID.CN, text(0x0c, commonName)),
  )
const CA_NAME = nameOf('Security', 'Acme Device CA 1')

const extension = (id: string, value: Buffer, isCritical = false) =>
  der(0x30, oid(id), isCritical ? hex('0101ff') : Buffer.alloc(0), der(0x04, value))

export function createWholeCa(): WholeCa {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const caKey = own.publicKey.export({ type: 'spki', format: 'der' })
  const client = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' })
  const issue = (name: Buffer, key: Buffer, extensions: readonly Buffer[]) =>
    signed(own.privateKey, CA_NAME, name, key, [
      ...extensions,
      extension(OID.SUBJECT_KEY_ID, der(0x04, keyId(key))),
      extension(OID.AUTHORITY_KEY_ID, der(0x30, der(0x80, keyId(caKey)))),
    ])
  const root = issue(CA_NAME, caKey, [
    extension(OID.BASIC_CONSTRAINTS, hex('30030101ff'), true),
    extension(OID.KEY_USAGE, hex('03020106'), true),
  ])
  return {
    ca: new X509Certificate(root),
    certificateOf: (n) => {
      // The last bytes of the point are the client's own, so that no two keys are equal. Nothing verifies with them.
      const key = Buffer.from(client)
      key.writeUInt32BE(n, key.length - 4)
      return issue(nameOf('Devices', `device-${n}.pay.acme.example`), key, [
        extension(OID.BASIC_CONSTRAINTS, hex('3000'), true),
        extension(OID.KEY_USAGE, hex('03020780'), true),
        extension(OID.EXTENDED_KEY_USAGE, der(0x30, oid(OID.CLIENT_AUTH))),
        extension(
          OID.SUBJECT_ALT_NAME,
          der(
            0x30,
            text(0x82, `device-${n}.pay.acme.example`),
            text(0x81, `device-${n}@acme.example`),
            text(0x86, `urn:acme:device:${n}`),
            der(0x87, Buffer.from([10, 0, n >> 8, n & 0xff])),
          ),
        ),
      ])
    },
  }
}

const keyId = (key: Buffer) => createHash('sha1').update(key).digest()

function signed(
  signer: KeyObject,
  issuer: Buffer,
  subject: Buffer,
  key: Buffer,
  extensions: readonly Buffer[],
): Buffer {
  const serialNumber = Buffer.concat([Buffer.of(0x4a), randomBytes(15)])
  const tbs = der(
    0x30,
    hex('a003020102'),
    der(0x02, serialNumber),
    ECDSA_SHA256,
    issuer,
    VALIDITY,
    subject,
    key,
    der(0xa3, der(0x30, ...extensions)),
  )
  return der(0x30, tbs, ECDSA_SHA256, der(0x03, Buffer.of(0), sign('sha256', tbs, signer)))
}
