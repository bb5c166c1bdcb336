import { generateKeyPairSync, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { formatCertificateDate } from '@countersign/wire'
import { tlv } from '../tlv.ts'

/** A CA that issues certificates faster than they can be verified. */
export interface FastCa {
  /** PEM. */
  readonly ca: string
  /** The certificate headers of client number `n`, as the Worker writes them: by name in lower case. */
  readonly fieldsOf: (n: number) => [name: string, value: string][]
}

const ECDSA_SHA256 = tlv(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
const BASIC_CONSTRAINTS_CA = tlv(
  0xa3,
  tlv(0x30, tlv(0x30, Buffer.from('0603551d130101ff', 'hex'), tlv(0x04, Buffer.from('30030101ff', 'hex')))),
)
const [NOT_BEFORE, NOT_AFTER] = ['260101000000Z', '490101000000Z']

export function createFastCa(): FastCa {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const client = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey
  const root = issue(1, 'Bench CA', ca.publicKey, ca.privateKey, BASIC_CONSTRAINTS_CA)
  const toPem = (der: Buffer) =>
    `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
  return {
    ca: toPem(root),
    fieldsOf(n) {
      const der = issue(n + 2, `client-${n}`, client, ca.privateKey)
      const x509 = new X509Certificate(der)
      return [
        ['x-cert-presented', '1'],
        ['x-cert-verify', 'SUCCESS'],
        ['x-cert-revoked', '0'],
        ['x-cert-subject-dn', `CN=client-${n}`],
        ['x-cert-issuer-dn', 'CN=Bench CA'],
        ['x-cert-subject-dn-2253', `CN=client-${n}`],
        ['x-cert-issuer-dn-2253', 'CN=Bench CA'],
        ['x-cert-serial', x509.serialNumber],
        ['x-cert-finger', x509.fingerprint.replaceAll(':', '').toLowerCase()],
        ['x-cert-finger-256', x509.fingerprint256.replaceAll(':', '').toLowerCase()],
        ['x-cert-notbe', formatCertificateDate(new Date(x509.validFrom).getTime())],
        ['x-cert-notaf', formatCertificateDate(new Date(x509.validTo).getTime())],
        ['client-cert', `:${der.toString('base64')}:`],
      ]
    },
  }
}

function issue(
  serial: number,
  name: string,
  key: KeyObject,
  signer: KeyObject,
  extensions: Buffer = Buffer.alloc(0),
): Buffer {
  const serialNumber = Buffer.alloc(5)
  serialNumber.writeUInt8(0x40)
  serialNumber.writeUInt32BE(serial, 1)
  const tbs = tlv(
    0x30,
    Buffer.from('a003020102', 'hex'),
    tlv(0x02, serialNumber),
    ECDSA_SHA256,
    formatName('Bench CA'),
    tlv(0x30, tlv(0x17, Buffer.from(NOT_BEFORE)), tlv(0x17, Buffer.from(NOT_AFTER))),
    formatName(name),
    key.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  return tlv(0x30, tbs, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), sign('sha256', tbs, signer)))
}

function formatName(commonName: string): Buffer {
  return tlv(0x30, tlv(0x31, tlv(0x30, Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from(commonName)))))
}
