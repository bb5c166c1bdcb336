import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { der, derName } from '@countersign/test-support/write-der'

/** The random parts of a certificate, in DER. The others are fixed. */
export interface UnsignedParts {
  /** The contents of the INTEGER. */
  readonly serialNumber?: Uint8Array
  readonly validity?: Uint8Array
  readonly subject?: Uint8Array
  readonly issuer?: Uint8Array
  /** SubjectPublicKeyInfo. */
  readonly publicKey?: Uint8Array
  /** The value of each extension, by the contents of its object identifier in hexadecimal. */
  readonly extensions?: Readonly<Record<string, Uint8Array>>
}

const PUBLIC_KEY = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' })
const ED25519 = der(0x30, der(0x06, Buffer.from('2b6570', 'hex')))
const VALIDITY = der(0x30, der(0x17, '260101000000Z'), der(0x17, '360101000000Z'))

/** Writes a certificate whose signature is zeros, because printing and reading do not verify it. */
export function unsignedCertificate({
  serialNumber = Buffer.of(1),
  validity = VALIDITY,
  subject = derName(),
  issuer = derName(),
  publicKey = PUBLIC_KEY,
  extensions = {},
}: UnsignedParts): Buffer {
  const list = Object.entries(extensions).map(([oid, value]) =>
    der(0x30, der(0x06, Buffer.from(oid, 'hex')), der(0x04, value)),
  )
  const version = der(0xa0, der(0x02, '\x02'))
  const names = [issuer, validity, subject]
  const last = list.length > 0 ? [der(0xa3, der(0x30, ...list))] : []
  const tbs = der(0x30, version, der(0x02, serialNumber), ED25519, ...names, publicKey, ...last)
  return der(0x30, tbs, ED25519, der(0x03, Buffer.alloc(65)))
}

/** Runs `openssl x509` on a certificate in DER, and returns its output, one character per byte. */
export function printX509(certificate: Buffer, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'openssl',
      ['x509', '-inform', 'DER', '-noout', ...args],
      { encoding: 'latin1' },
      (error, output) => (error ? reject(error) : resolve(output)),
    )
    child.stdin?.end(certificate)
  })
}
