import { X509Certificate } from 'node:crypto'
import { readCertificateNames } from '../x509/certificate-names.ts'
import type { DistinguishedName } from '../x509/distinguished-name.ts'
import { type PemPlace, requirePemText } from './require-pem-text.ts'

/** A CA that the operator gives by its certificate. */
export interface ConfiguredCa {
  readonly dn: DistinguishedName
  readonly keyId: string | undefined
  readonly ca: X509Certificate
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

const BLOCKS =
  'the certificates of one or several CAs, each from "-----BEGIN CERTIFICATE-----" to "-----END CERTIFICATE-----"'

const WRITE_PEM: Readonly<Record<PemPlace, string>> = {
  'the text': 'read it with readFileSync(path, "utf8"), or write { dn: "CN=…" }',
  'the file': `write into it ${BLOCKS}`,
  'the answer': `return ${BLOCKS}`,
}

/**
 * Parses every CA certificate of a PEM text.
 *
 * @param place - for the error message, whose correction is different for a file
 * @throws TypeError whose message states the correction
 */
export function parseCas(pem: string, place: PemPlace = 'the text'): ConfiguredCa[] {
  const blocks = pem.match(CERTIFICATE)
  const rest = pem.replace(CERTIFICATE, '')
  // Attack: a thief of this file would issue the certificate of every client.
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(rest)) {
    throw new TypeError(
      `${place} contains a private key; write the certificate alone, and keep the key of the CA away from the origin`,
    )
  }
  if (!blocks) throw new TypeError(`${place} does not contain a PEM certificate; ${WRITE_PEM[place]}`)
  const other = rest.match(/-----BEGIN (?!CERTIFICATE-)([A-Z0-9 ]+)-----/)?.[1]
  if (other !== undefined) {
    throw new TypeError(`${place} contains a PEM block "${other}"; write blocks "CERTIFICATE" alone`)
  }
  // The last marker itself can be cut off, while another program writes the file.
  if (/-----(?:BEGIN|END)/.test(rest)) throw new TypeError(`${place} contains a PEM certificate that is cut off`)
  return blocks.map((block) => {
    const ca = parseBlock(block, place)
    if (!ca.ca)
      throw new TypeError(
        'the certificate is not that of a CA; write that of the CA that signs the client certificates',
      )
    requireReadableKey(ca)
    const { subject, subjectKeyId } = readCertificateNames(ca.raw)
    return { dn: subject, keyId: subjectKeyId, ca }
  })
}

/**
 * Parses the option `ca`: the PEM of exactly one CA.
 *
 * @throws TypeError whose message states the correction
 */
export function parseOneCa(pem: unknown): ConfiguredCa {
  requirePemText(pem)
  const [ca, ...others] = typeof pem === 'string' ? parseCas(pem) : []
  if (!ca || others.length > 0) throw new TypeError('ca must be one certificate in PEM')
  return ca
}

/** OpenSSL reports a missing line break as `no start line`, which does not tell the operator what to change. */
function parseBlock(block: string, place: PemPlace): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch {
    const certificate = place === 'the text' ? 'the PEM certificate' : `a PEM certificate in ${place}`
    const otherwise = place === 'the text' ? ', or read it from a file' : ''
    throw new TypeError(
      `${certificate} cannot be read; check that it is whole and that its lines are separate and not indented${otherwise}`,
    )
  }
}

/** Without the key no signature can be verified, so the CA would refuse every client. */
function requireReadableKey(ca: X509Certificate): void {
  try {
    ca.publicKey
  } catch {
    throw new TypeError('the public key of the CA cannot be read; use a CA with a key of a type that Node supports')
  }
}
