import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { der } from '@countersign/test-support/write-der'

const ECDSA_SHA256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
const NAME = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('Bench CA')))))
const VERSION_2 = Buffer.from('020101', 'hex')
const REASON = der(0x30, der(0x30, Buffer.from('0603551d15', 'hex'), der(0x04, Buffer.from('0a0101', 'hex'))))
const time = (text: string) => der(0x17, Buffer.from(text))
const [FROM, TO] = [time('260101000000Z'), time('490101000000Z')]
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** Signs a value, and adds algorithm and signature: a list or a certificate. */
function signed(tbs: Buffer, key = privateKey): Buffer {
  return der(0x30, tbs, ECDSA_SHA256, der(0x03, Buffer.from([0]), sign('sha256', tbs, key)))
}

/** The CA of the lists. */
export const ca: X509Certificate = new X509Certificate(
  signed(
    der(
      0x30,
      Buffer.from('a003020102020101', 'hex'),
      ECDSA_SHA256,
      NAME,
      der(0x30, FROM, TO),
      NAME,
      publicKey.export({ type: 'spki', format: 'der' }),
    ),
  ),
)

/**
 * A list with this number of random serial numbers of 16 bytes, each with a reason or without.
 *
 * @param key - of a CA with the same name
 */
export function makeList(count: number, withReasons = false, key: KeyObject = privateKey): Buffer {
  const entries = Array.from({ length: count }, () => {
    const number = Buffer.concat([Buffer.from([0x40]), randomBytes(15)])
    return withReasons ? der(0x30, der(0x02, number), FROM, REASON) : der(0x30, der(0x02, number), FROM)
  })
  return signed(der(0x30, VERSION_2, ECDSA_SHA256, NAME, FROM, TO, der(0x30, Buffer.concat(entries))), key)
}

const unsigned = (...parts: Buffer[]) =>
  signed(der(0x30, ...parts), generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const attribute = der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('x'))))

/** Lists that the CA did not sign, by the work that an attacker hopes for. `bytes` is the length to reach. */
export const HOSTILE: Readonly<Record<string, (bytes: number) => Buffer>> = {
  'a name of 40,000 attributes of one type': () =>
    unsigned(VERSION_2, ECDSA_SHA256, der(0x30, Buffer.concat(Array(40_000).fill(attribute)))),
  'an object identifier of 160 kB': () => unsigned(der(0x06, Buffer.alloc(160_000, 0x81))),
  'empty values': (bytes) => unsigned(Buffer.alloc(bytes, Buffer.from([5, 0]))),
  'nested values': (bytes) => Buffer.alloc(bytes, 0x30),
  'PEM without lists': (bytes) => Buffer.alloc(bytes, '-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n'),
  'PEM of one long line': (bytes) => Buffer.concat([Buffer.from('-----BEGIN X509 CRL-----'), Buffer.alloc(bytes, 'A')]),
}
